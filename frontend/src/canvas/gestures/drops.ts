/** Takes in what is dragged from a palette. */

import { edgeAt, frameAt } from '../hits';
import { EDGE_REACH, type Pointer, type Workbench } from './gesture';

export class Drops {
  readonly #bench: Workbench;
  readonly #type: string;

  constructor(bench: Workbench, type: string) {
    this.#bench = bench;
    this.#type = type;
  }

  /** Show where it would fall; tells whether it may be dropped at all. */
  over(data: DataTransfer | null, { at }: Pointer): boolean {
    const { stage, overlay, mode } = this.#bench;
    if (mode === 'view' || !data?.types.includes(this.#type)) return false;
    overlay.splits = edgeAt(stage.scene.shape, at, EDGE_REACH / stage.view.zoom)?.id ?? null;
    stage.scene.markDropTarget(frameAt(stage.scene.shape, at));
    return true;
  }

  leave(): void {
    this.#bench.overlay.splits = null;
    this.#bench.stage.scene.markDropTarget(null);
  }

  drop(data: DataTransfer | null, pointer: Pointer): boolean {
    const { stage, overlay, on } = this.#bench;
    if (!this.over(data, pointer)) return false;
    const edge = overlay.splits === null ? undefined : stage.scene.shape.edges.get(overlay.splits);
    const parent = stage.scene.dropTarget;
    this.leave();
    on.drop?.({ data: data!.getData(this.#type), ...pointer.at, parent, splits: edge?.members[0] ?? null });
    return true;
  }
}
