/** Carrying out moves in the outline, and saying what became of them. */

import { announce } from '../overlays/announce.svelte';
import { text } from '../texts';
import { isInsideItself, isNoMove, moveByKey, type Move } from './moving';
import type { Tree, TreeItem } from './tree';

interface Surroundings<T extends TreeItem> {
  tree: Tree<T>;
  canMove: ((move: Move) => string | null) | undefined;
  onmove: ((move: Move) => void) | undefined;
  expand(id: string): void;
  reveal(id: string): void;
}

/** Moves items, as far as its surroundings let it. */
export class Mover<T extends TreeItem> {
  constructor(private readonly around: () => Surroundings<T>) {}

  /** Why a move is refused; null when it is not. */
  reasonAgainst = (move: Move): string | null => {
    const { tree, canMove } = this.around();
    return isInsideItself(tree, move) ? text('outline.itself') : (canMove?.(move) ?? null);
  };

  /** Move by Alt and an arrow. */
  byKey(key: string, chosen: ReadonlySet<string>): void {
    const move = moveByKey(key, this.around().tree, chosen);
    const reason = move ? this.reasonAgainst(move) : text('outline.edge');
    if (move && reason === null) this.perform(move);
    else announce(text('outline.noMove', { reason: reason ?? '' }), 'outline');
  }

  perform = (move: Move): void => {
    const { tree, onmove, expand } = this.around();
    if (isNoMove(tree, move)) return;
    if (move.parentId !== null) expand(move.parentId);
    onmove?.(move);
    // What the caller has made of it is known only after this.
    queueMicrotask(() => this.tell(move));
  };

  private tell({ ids }: Move): void {
    const { tree, reveal } = this.around();
    const item = tree.get(ids[0]!);
    if (!item) return;
    const parent = tree.parentOf(item);
    const siblings = tree.childrenOf(parent);
    const what = ids.length === 1 ? item.name : text('outline.items', { count: ids.length });
    const where = parent === null ? text('outline.top') : tree.get(parent)!.name;
    announce(text('outline.moved', { what, position: siblings.indexOf(item) + 1, count: siblings.length, parent: where }), 'outline');
    reveal(item.id);
  }
}
