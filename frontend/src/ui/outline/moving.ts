/** Moving items: by Alt and arrows, and by dragging. */

import type { Row, Tree, TreeItem } from './tree';

/** Put items before another one, or at the end of a parent's children. */
export interface Move {
  readonly ids: readonly string[];
  readonly parentId: string | null;
  readonly before: string | null;
}

/** Where Alt and an arrow move items to; null when there is nowhere to go. */
export function moveByKey<T extends TreeItem>(key: string, tree: Tree<T>, chosen: ReadonlySet<string>): Move | null {
  const ids = tree.topmost(chosen);
  const first = ids[0] === undefined ? undefined : tree.get(ids[0]);
  if (!first) return null;
  const parentId = tree.parentOf(first);
  const siblings = tree.childrenOf(parentId).map(({ id }) => id);
  const at = siblings.indexOf(first.id);
  const end = Math.max(...ids.map((id) => siblings.indexOf(id)));
  switch (key) {
    case 'ArrowUp':
      return at === 0 ? null : { ids, parentId, before: siblings[at - 1]! };
    case 'ArrowDown':
      return end === siblings.length - 1 ? null : { ids, parentId, before: afterSibling(siblings, end + 1, ids) };
    case 'ArrowRight':
      return at === 0 ? null : { ids, parentId: siblings[at - 1]!, before: null };
    case 'ArrowLeft':
      return parentId === null ? null : outOf(tree, parentId, ids);
    default:
      return null;
  }
}

function outOf<T extends TreeItem>(tree: Tree<T>, parentId: string, ids: readonly string[]): Move {
  const grandparent = tree.parentOf(tree.get(parentId)!);
  const siblings = tree.childrenOf(grandparent).map(({ id }) => id);
  return { ids, parentId: grandparent, before: afterSibling(siblings, siblings.indexOf(parentId), ids) };
}

/** The next sibling after a place that does not move itself. */
function afterSibling(siblings: readonly string[], at: number, ids: readonly string[]): string | null {
  return siblings.slice(at + 1).find((id) => !ids.includes(id)) ?? null;
}

/** Where on a row the pointer is: its upper part, its middle, or its lower part. */
export type Part = 'before' | 'inside' | 'after';

/** The part of a row at a share of its height. */
export function partAt(share: number): Part {
  if (share < 0.3) return 'before';
  return share > 0.7 ? 'after' : 'inside';
}

/** What a drop on a row means. Below an open group is its first place inside. */
export function moveByDrop<T extends TreeItem>(tree: Tree<T>, row: Row<T>, part: Part, chosen: ReadonlySet<string>): Move {
  const ids = tree.topmost(chosen);
  const { item } = row;
  if (part === 'inside') return { ids, parentId: item.id, before: null };
  if (part === 'after' && row.isExpanded) {
    return { ids, parentId: item.id, before: tree.childrenOf(item.id).find(({ id }) => !ids.includes(id))?.id ?? null };
  }
  const parentId = tree.parentOf(item);
  const siblings = tree.childrenOf(parentId).map(({ id }) => id);
  const at = siblings.indexOf(item.id);
  return { ids, parentId, before: part === 'before' && !ids.includes(item.id) ? item.id : afterSibling(siblings, at, ids) };
}

/** Tell whether a move would put something inside itself. */
export function isInsideItself<T extends TreeItem>(tree: Tree<T>, { ids, parentId }: Move): boolean {
  return parentId !== null && [parentId, ...tree.ancestorsOf(parentId)].some((id) => ids.includes(id));
}

/** Tell whether everything would stay where it is. */
export function isNoMove<T extends TreeItem>(tree: Tree<T>, { ids, parentId, before }: Move): boolean {
  const siblings = tree.childrenOf(parentId).map(({ id }) => id);
  if (!ids.every((id) => siblings.includes(id))) return false;
  const without = siblings.filter((id) => !ids.includes(id));
  const at = before === null ? without.length : without.indexOf(before);
  const moved = [...without.slice(0, at), ...ids, ...without.slice(at)];
  return moved.every((id, index) => id === siblings[index]);
}
