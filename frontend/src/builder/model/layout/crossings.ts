import type { Layers } from './layers';

const SWEEPS = 8;

/** Reorder each layer so that fewer edges cross: by the mean place of the neighbours, down and up again. */
export function reduceCrossings({ rows, above, below }: Layers): void {
  const place = new Float64Array(above.length);
  const wish = new Float64Array(above.length);
  for (const row of rows) number(row, place);
  let best = rows.map((row) => [...row]);
  let fewest = countCrossings(rows, below, place);
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep += 1) {
    const isUpward = sweep % 2 === 1;
    const neighbours = isUpward ? below : above;
    for (const row of isUpward ? [...rows].reverse() : rows) sortByNeighbours(row, neighbours, place, wish);
    const crossings = countCrossings(rows, below, place);
    if (crossings >= fewest) continue;
    fewest = crossings;
    best = rows.map((row) => [...row]);
  }
  best.forEach((row, index) => rows[index]!.splice(0, row.length, ...row));
}

function number(row: readonly number[], place: Float64Array): void {
  row.forEach((node, index) => {
    place[node] = index;
  });
}

function sortByNeighbours(
  row: number[],
  neighbours: readonly number[][],
  place: Float64Array,
  wish: Float64Array,
): void {
  for (const node of row) wish[node] = meanPlace(neighbours[node]!, place, node);
  row.sort((a, b) => wish[a]! - wish[b]! || place[a]! - place[b]!);
  number(row, place);
}

function meanPlace(nodes: readonly number[], place: Float64Array, own: number): number {
  if (nodes.length === 0) return place[own]!;
  let sum = 0;
  for (const node of nodes) sum += place[node]!;
  return sum / nodes.length;
}

/** Count the edges between neighbouring layers that cross, by how many ends lie to the right of each: a Fenwick tree. */
function countCrossings(rows: readonly number[][], below: readonly number[][], place: Float64Array): number {
  let crossings = 0;
  for (let index = 0; index + 1 < rows.length; index += 1) {
    const width = rows[index + 1]!.length;
    const tree = new Int32Array(width + 1);
    let seen = 0;
    for (const node of rows[index]!) {
      const ends = below[node]!;
      for (const to of ends) crossings += seen - countUpTo(tree, place[to]!);
      for (const to of ends) add(tree, place[to]!);
      seen += ends.length;
    }
  }
  return crossings;
}

function countUpTo(tree: Int32Array, place: number): number {
  let count = 0;
  for (let at = place + 1; at > 0; at -= at & -at) count += tree[at]!;
  return count;
}

function add(tree: Int32Array, place: number): void {
  for (let at = place + 1; at < tree.length; at += at & -at) tree[at]! += 1;
}
