/** The order in which tasks of two runs started: what a task waits for comes before it, whatever the clocks say. */

import type { TreeDocument } from '../../builder/model/document';
import { childrenById, dependenciesOf } from '../../builder/model/task';

/** Order the ids; `offsetOf` is when a task started. A group comes after its tasks. */
export function startOrderOf(document: TreeDocument, offsetOf: (id: string) => number): string[] {
  const ids = document.tasks.map(({ id }) => id);
  const places = new Map(ids.map((id, index) => [id, index]));
  const offsets = new Map(ids.map((id) => [id, offsetOf(id)]));
  const waits = waitsOf(document, places);
  const unmet = new Map(ids.map((id) => [id, waits.get(id)!.size]));
  const dependents = new Map<string, string[]>(ids.map((id) => [id, []]));
  for (const [id, others] of waits) for (const other of others) dependents.get(other)!.push(id);

  const earlier = (one: string, other: string): number => byNumber(offsets.get(one)!, offsets.get(other)!) || places.get(one)! - places.get(other)!;
  const left = new Set(ids);
  const free = ids.filter((id) => unmet.get(id) === 0).sort(earlier);
  const ordered: string[] = [];
  while (left.size > 0) {
    // Two definitions together may have a cycle; then whatever started first goes on.
    const next = free.shift() ?? [...left].sort(earlier)[0]!;
    if (!left.delete(next)) continue;
    ordered.push(next);
    for (const id of dependents.get(next)!) {
      unmet.set(id, unmet.get(id)! - 1);
      if (unmet.get(id) === 0 && left.has(id)) insert(free, id, earlier);
    }
  }
  return ordered;
}

function waitsOf(document: TreeDocument, known: ReadonlyMap<string, number>): Map<string, Set<string>> {
  const children = childrenById(document);
  return new Map(document.tasks.map((task) => {
    const others = [...dependenciesOf(task).map(({ id }) => id), ...(children.get(task.id) ?? [])];
    return [task.id, new Set(others.filter((id) => known.has(id) && id !== task.id))];
  }));
}

/** Infinity minus itself is no number. */
function byNumber(one: number, other: number): number {
  return one === other ? 0 : one < other ? -1 : 1;
}

function insert(sorted: string[], id: string, earlier: (one: string, other: string) => number): void {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (earlier(sorted[middle]!, id) <= 0) low = middle + 1;
    else high = middle;
  }
  sorted.splice(low, 0, id);
}
