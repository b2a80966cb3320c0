/** Finds the edge under a pointer that presses nothing, once a frame. */

import { Frame } from '../frames';
import { edgeAt, nodeAt } from '../hits';
import { EDGE_REACH, type Pointer, type Workbench } from './gesture';

export class Hover {
  readonly #bench: Workbench;
  readonly #frame: Frame;
  #pointer: Pointer | null = null;

  constructor(bench: Workbench) {
    this.#bench = bench;
    this.#frame = new Frame(() => this.#look());
  }

  move(pointer: Pointer): void {
    this.#pointer = pointer;
    this.#frame.ask();
  }

  leave(): void {
    this.#pointer = null;
    this.#frame.cancel();
    this.#show(null);
  }

  #look(): void {
    const { stage } = this.#bench;
    const { shape } = stage.scene;
    if (!this.#pointer) return;
    const { at } = this.#pointer;
    const isOnNode = nodeAt(shape, at) !== null;
    this.#show(isOnNode ? null : (edgeAt(shape, at, EDGE_REACH / stage.view.zoom)?.id ?? null));
  }

  #show(drawn: string | null): void {
    const { overlay, on, stage } = this.#bench;
    if (overlay.edge === drawn) return;
    overlay.edge = drawn;
    const edge = drawn === null ? undefined : stage.scene.shape.edges.get(drawn);
    on.edgeHover?.(edge?.members[0] ?? null);
  }
}
