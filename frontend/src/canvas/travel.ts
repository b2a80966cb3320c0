/** Moving the view on purpose. */

import { boxAround, centreOf, type Point } from './geometry';
import type { Stage } from './stage';
import { fitView, revealing, sameView, toScene, zoomedAt, type FitOptions, type View } from './view';

/** One press of a zoom key. */
export const ZOOM_STEP = 1.25;
/** At this zoom a name can be read and written. */
const READABLE = 0.7;

export class Travel {
  readonly #stage: Stage;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** Show everything. */
  fit(options?: FitOptions): void {
    this.fitTo(this.#stage.scene.shape.boxes.keys(), options);
  }

  /** Show these nodes, whole and centred. */
  fitTo(ids: Iterable<string>, options?: FitOptions): void {
    const box = boxAround([...ids].flatMap((id) => this.#stage.boxOf(id) ?? []));
    if (box) this.#go(fitView(box, this.#stage.size, options));
  }

  /** Move the view no further than needed to show a node; `readable` also zooms in on it. */
  reveal(id: string, { readable = false } = {}): void {
    const box = this.#stage.boxOf(id);
    if (!box) return;
    const { view, size } = this.#stage;
    if (readable && view.zoom < READABLE) this.#go(fitView(box, size, { maxZoom: 1 }));
    else this.#go(revealing(view, box, size));
  }

  zoomBy(factor: number): void {
    this.#zoomTo(this.#stage.view.zoom * factor);
  }

  resetZoom(): void {
    this.#zoomTo(1);
  }

  /** Put a point of the scene in the middle. */
  lookAt({ x, y }: Point, animated = false): void {
    const { view, size, pilot } = this.#stage;
    pilot({ x: size.width / 2 - x * view.zoom, y: size.height / 2 - y * view.zoom, zoom: view.zoom }, animated);
  }

  /** The point of the scene in the middle of the view. */
  centre(): Point {
    return toScene(this.#stage.view, this.#middle());
  }

  #zoomTo(zoom: number): void {
    this.#go(zoomedAt(this.#stage.view, this.#middle(), zoom));
  }

  #middle(): Point {
    return centreOf({ x: 0, y: 0, ...this.#stage.size });
  }

  #go(view: View): void {
    if (!sameView(view, this.#stage.view)) this.#stage.pilot(view, true);
  }
}
