import type { Pair } from './acyclic';

/** Give each node a rank below those of all that are above it, and no further up than its edges stay short. */
export function rankNodes(count: number, edges: readonly Pair[]): number[] {
  const above: number[][] = Array.from({ length: count }, () => []);
  const below: number[][] = Array.from({ length: count }, () => []);
  for (const [from, to] of edges) {
    below[from]!.push(to);
    above[to]!.push(from);
  }
  const order = topologicalOrder(above, below);
  const rank = new Array<number>(count).fill(0);
  for (const node of order) for (const to of below[node]!) rank[to] = Math.max(rank[to]!, rank[node]! + 1);
  // From the bottom up: what has more edges below than above moves down to them.
  for (const node of order.reverse()) {
    const targets = below[node]!;
    if (targets.length <= above[node]!.length) continue;
    rank[node] = targets.reduce((least, to) => Math.min(least, rank[to]! - 1), Infinity);
  }
  return rank;
}

function topologicalOrder(above: readonly number[][], below: readonly number[][]): number[] {
  const left = above.map((list) => list.length);
  const order = left.flatMap((count, node) => (count === 0 ? [node] : []));
  for (const node of order) {
    for (const to of below[node]!) {
      left[to]! -= 1;
      if (left[to] === 0) order.push(to);
    }
  }
  return order;
}
