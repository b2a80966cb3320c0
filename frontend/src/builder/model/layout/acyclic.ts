/** An edge between two nodes, by their indexes: the first one is above. */
export type Pair = readonly [number, number];

/** Leave out edges that lead back, so that what is left has no cycle; which ones depends on the order of the nodes. */
export function acyclic(count: number, edges: readonly Pair[]): Pair[] {
  const below: number[][] = Array.from({ length: count }, () => []);
  for (const [from, to] of edges) below[from]!.push(to);
  const state = new Uint8Array(count);
  const kept: Pair[] = [];
  for (let start = 0; start < count; start += 1) if (state[start] === NEW) descend(start, below, state, kept);
  return kept;
}

const NEW = 0;
const OPEN = 1;
const DONE = 2;

function descend(start: number, below: readonly number[][], state: Uint8Array, kept: Pair[]): void {
  const path: { at: number; next: number }[] = [{ at: start, next: 0 }];
  state[start] = OPEN;
  for (let top = path.at(-1); top; top = path.at(-1)) {
    const to = below[top.at]![top.next++];
    if (to === undefined) {
      state[top.at] = DONE;
      path.pop();
    } else if (state[to] !== OPEN) {
      kept.push([top.at, to]);
      if (state[to] === NEW) path.push({ at: to, next: 0 });
      if (state[to] === NEW) state[to] = OPEN;
    }
  }
}
