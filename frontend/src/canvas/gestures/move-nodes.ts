/** Carries nodes along with the pointer; one event tells where they were put down. */

import type { Point } from '../geometry';
import { edgeAt, frameAt } from '../hits';
import { areIn, movesOf, rootsOf, snapped } from '../moves';
import { withContents } from '../shape';
import { EDGE_REACH, type Gesture, type Pointer, type Workbench } from './gesture';

export class MoveNodes implements Gesture {
  readonly #bench: Workbench;
  readonly #from: Point;
  readonly #grabbed: Point;
  readonly #roots: readonly string[];
  readonly #carried: ReadonlySet<string>;
  #by: Point = { x: 0, y: 0 };
  #into: string | null = null;

  /** `grabbed` is the node under the pointer; everything selected goes with it. */
  constructor(bench: Workbench, from: Pointer, grabbed: string) {
    const { scene } = bench.stage;
    this.#bench = bench;
    this.#from = from.at;
    this.#roots = rootsOf(scene.shape, new Set([...scene.selected, grabbed]));
    this.#carried = withContents(scene.shape, this.#roots);
    this.#grabbed = scene.shape.origins.get(grabbed)!;
  }

  /** With Alt nothing snaps to the grid. */
  move({ at, alt }: Pointer): void {
    const { stage } = this.#bench;
    const by = { x: at.x - this.#from.x, y: at.y - this.#from.y };
    this.#by = alt ? by : snapped(by, this.#grabbed);
    stage.carry({ ids: this.#carried, by: this.#by });
    this.#into = frameAt(stage.scene.shape, at, this.#carried);
    const isNew = !areIn(stage.scene.shape, this.#roots, this.#into);
    stage.scene.markDropTarget(isNew ? this.#into : null);
    this.#bench.overlay.splits = this.#edgeUnder(at);
  }

  /** Only one task at a time can split an edge, and not one of its own. */
  #edgeUnder(at: Point): string | null {
    const { scene, view } = this.#bench.stage;
    const [id, more] = this.#roots;
    if (id === undefined || more !== undefined || scene.shape.nodes.get(id)?.kind !== 'task') return null;
    return edgeAt(scene.shape, at, EDGE_REACH / view.zoom, this.#carried)?.id ?? null;
  }

  end(): void {
    const { stage, overlay, on } = this.#bench;
    const { shape } = stage.scene;
    const into = areIn(shape, this.#roots, this.#into) ? undefined : this.#into;
    const drawn = overlay.splits === null ? undefined : shape.edges.get(overlay.splits);
    const hasMoved = this.#by.x !== 0 || this.#by.y !== 0;
    if (hasMoved) on.move?.({ moves: movesOf(shape, this.#roots, this.#by, into), splits: drawn?.members[0] ?? null });
    this.cancel();
  }

  cancel(): void {
    const { stage, overlay } = this.#bench;
    overlay.splits = null;
    stage.scene.markDropTarget(null);
    stage.carry(null);
  }
}
