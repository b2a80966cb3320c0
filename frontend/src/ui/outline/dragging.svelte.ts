/** Dragging rows of the outline onto others, and things from elsewhere into it. */

import { isNoMove, moveByDrop, partAt, type Move, type Part } from './moving';
import type { Row, Tree, TreeItem } from './tree';

/** The type under which dragged rows are known. */
export const ROWS_TYPE = 'application/x-apflow-rows';

interface Surroundings<T extends TreeItem> {
  tree: Tree<T>;
  rows: readonly Row<T>[];
  rowHeight: number;
  chosen: ReadonlySet<string>;
  canMove(move: Move): string | null;
  onmove: ((move: Move) => void) | undefined;
  ondropdata: ((data: DataTransfer, place: Move) => void) | undefined;
}

interface Target {
  index: number;
  part: Part;
  move: Move;
}

/** What is dragged over an outline, and where it would go. */
export class Dragging<T extends TreeItem> {
  target = $state.raw<Target | null>(null);
  private dragged: ReadonlySet<string> | null = null;

  constructor(
    private readonly around: () => Surroundings<T>,
    private readonly select: (id: string) => void,
  ) {}

  /** Begin to drag a row, and with it the others that are selected. */
  begin(event: DragEvent, id: string): void {
    if (!event.dataTransfer) return;
    if (!this.around().chosen.has(id)) this.select(id);
    const { chosen, tree } = this.around();
    this.dragged = chosen.has(id) ? chosen : new Set([id]);
    event.dataTransfer.effectAllowed = 'move';
    event.dataTransfer.setData(ROWS_TYPE, JSON.stringify(tree.topmost(this.dragged)));
  }

  over(event: DragEvent, box: HTMLElement): void {
    const around = this.around();
    if (this.dragged === null && !around.ondropdata) return;
    this.target = this.targetAt(event.clientY - box.getBoundingClientRect().top + box.scrollTop, around);
    if (!this.target) return;
    event.preventDefault();
    if (event.dataTransfer) event.dataTransfer.dropEffect = this.dragged ? 'move' : 'copy';
  }

  drop(event: DragEvent, perform: (move: Move) => void): void {
    const { target, dragged } = this;
    this.end();
    if (!target) return;
    event.preventDefault();
    if (dragged) perform(target.move);
    else if (event.dataTransfer) this.around().ondropdata?.(event.dataTransfer, target.move);
  }

  leave(event: DragEvent, box: HTMLElement): void {
    if (!box.contains(event.relatedTarget as Node | null)) this.target = null;
  }

  end(): void {
    this.target = null;
    this.dragged = null;
  }

  private targetAt(y: number, { tree, rows, rowHeight, canMove }: Surroundings<T>): Target | null {
    const chosen = this.dragged ?? new Set<string>();
    const index = Math.min(Math.floor(y / rowHeight), rows.length - 1);
    const row = rows[index];
    if (!row) return this.dragged ? null : { index: -1, part: 'after', move: { ids: [], parentId: null, before: null } };
    const part = y >= rows.length * rowHeight ? 'after' : partAt((y - index * rowHeight) / rowHeight);
    const move = moveByDrop(tree, row, part, chosen);
    if (this.dragged === null) return { index, part, move };
    return canMove(move) === null && !isNoMove(tree, move) ? { index, part, move } : null;
  }
}
