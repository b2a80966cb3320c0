/** Draws a box; what it touches is selected. */

import { boxBetween, type Point } from '../geometry';
import { nodesIn } from '../hits';
import type { Gesture, Pointer, Workbench } from './gesture';

export class BoxSelect implements Gesture {
  readonly #bench: Workbench;
  readonly #from: Point;
  /** What stays selected whatever the box holds. */
  readonly #kept: readonly string[];
  readonly #before: readonly string[];

  constructor(bench: Workbench, from: Pointer) {
    this.#bench = bench;
    this.#from = from.at;
    this.#before = [...bench.stage.scene.selected];
    this.#kept = from.shift ? this.#before : [];
  }

  move({ at }: Pointer): void {
    const { overlay, stage, on } = this.#bench;
    overlay.box = boxBetween(this.#from, at);
    const ids = new Set([...this.#kept, ...nodesIn(stage.scene.shape, overlay.box)]);
    if (!sameIds(ids, stage.scene.selected)) on.select?.([...ids]);
  }

  end(): void {
    this.#bench.overlay.box = null;
  }

  cancel(): void {
    this.end();
    this.#bench.on.select?.([...this.#before]);
  }
}

function sameIds(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((id) => b.has(id));
}
