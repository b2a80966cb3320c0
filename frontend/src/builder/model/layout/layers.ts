import type { Pair } from './acyclic';

/** Edges over more layers than this are drawn across everything anyway; bends for them would only spread the rest. */
const LONGEST = 8;

/** Nodes by layer. A long edge goes through a bend in each layer between its ends: a node that is no task. */
export interface Layers {
  /** The nodes of each layer, from left to right; the ones from `taskCount` on are bends. */
  rows: number[][];
  above: number[][];
  below: number[][];
  taskCount: number;
}

/** Put nodes into layers, in the order in which a walk down from the first node meets them. */
export function makeLayers(rank: readonly number[], edges: readonly Pair[]): Layers {
  const above: number[][] = rank.map(() => []);
  const below: number[][] = rank.map(() => []);
  const ranks = [...rank];
  const join = (from: number, to: number) => {
    below[from]!.push(to);
    above[to]!.push(from);
  };
  for (const [from, to] of edges) {
    if (rank[to]! - rank[from]! > LONGEST) continue;
    let last = from;
    for (let row = rank[from]! + 1; row < rank[to]!; row += 1) {
      const bend = ranks.push(row) - 1;
      above.push([]);
      below.push([]);
      join(last, bend);
      last = bend;
    }
    join(last, to);
  }
  return { rows: fillRows(ranks, above, below), above, below, taskCount: rank.length };
}

function fillRows(ranks: readonly number[], above: readonly number[][], below: readonly number[][]): number[][] {
  const rows: number[][] = [];
  const isSeen = new Uint8Array(ranks.length);
  const stack = ranks
    .map((_, node) => node)
    .filter((node) => above[node]!.length === 0)
    .reverse();
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (isSeen[node]) continue;
    isSeen[node] = 1;
    (rows[ranks[node]!] ??= []).push(node);
    for (let index = below[node]!.length - 1; index >= 0; index -= 1) stack.push(below[node]![index]!);
  }
  return rows;
}
