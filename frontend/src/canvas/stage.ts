/** One mounted canvas: its scene, its view, what is being dragged, and which cards are in the page. */

import { nextHandover, type Handover } from './culling';
import { moved, type Box, type Point, type Size } from './geometry';
import type { Scene } from './scene';
import { sameView, toScene, type View } from './view';
import { Watchers } from './watchers';

/** Nodes on their way with the pointer; they are drawn elsewhere, and stay in their place until they are dropped. */
export interface Carried {
  readonly ids: ReadonlySet<string>;
  readonly by: Point;
}

/** Moves the view; `animated` takes a moment, unless motion is to be reduced. */
export type Pilot = (view: View, animated: boolean) => void;

type Topic = 'view' | 'picture' | 'carried' | 'handover' | 'rest';

/** For so long the view stands still before it counts as resting. */
const REST_MS = 110;

export class Stage {
  readonly scene: Scene;
  view: View = { x: 0, y: 0, zoom: 1 };
  size: Size = { width: 0, height: 0 };
  pilot: Pilot = (view) => this.setView(view);
  #carried: Carried | null = null;
  #handover: Handover | null = null;
  #resting: ReturnType<typeof setTimeout> | undefined;
  readonly #watchers = new Watchers<Topic>();
  readonly #stop: () => void;

  constructor(scene: Scene) {
    this.scene = scene;
    const stops = [scene.onChange('shape', () => this.#reshape()), scene.onChange('look', () => this.#tell('picture'))];
    this.#stop = () => stops.forEach((stop) => stop());
  }

  /** Stop listening to the scene. */
  close(): void {
    clearTimeout(this.#resting);
    this.#stop();
  }

  on(topic: Topic, listener: () => void): () => void {
    return this.#watchers.watch(topic, listener);
  }

  /** Where a node is drawn now. */
  boxOf(id: string): Box | undefined {
    const box = this.scene.shape.boxes.get(id);
    return box && this.#carried?.ids.has(id) ? moved(box, this.#carried.by) : box;
  }

  get carried(): Carried | null {
    return this.#carried;
  }

  /** The cards in the page; null when the overview paints them all. */
  get handed(): ReadonlySet<string> | null {
    return this.#handover?.ids ?? null;
  }

  /** The view was moved. */
  setView(view: View): void {
    if (sameView(view, this.view)) return;
    this.view = view;
    this.#tell('view');
    this.#handOver();
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => this.#rest(), REST_MS);
  }

  setSize(size: Size): void {
    this.size = size;
    this.#handOver(true);
    this.#tell('view');
  }

  carry(carried: Carried | null): void {
    this.#carried = carried;
    this.#tell('carried');
  }

  /** Return the scene's point under a point of the window, given where the canvas begins. */
  sceneAt(clientX: number, clientY: number, corner: Point): Point {
    return toScene(this.view, { x: clientX - corner.x, y: clientY - corner.y });
  }

  #rest(): void {
    this.#handOver(true);
    this.#tell('rest');
  }

  /** Making cards takes longer than a frame: while the view moves, the overview paints those that are not there yet. */
  #handOver(atRest = false): void {
    const last = this.#handover;
    const next = nextHandover(last, this.view, this.size, (box) => this.scene.shape.grid.query(box));
    if (next === last || (last && next.ids !== null && !atRest)) return;
    this.#handover = next;
    if (next.ids !== null || last?.ids !== null) this.#tell('handover');
  }

  #reshape(): void {
    this.#handover = null;
    this.#handOver();
    this.#tell('picture');
  }

  #tell(topic: Topic): void {
    this.#watchers.notify([topic]);
  }
}
