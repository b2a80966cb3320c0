import type { Layers } from './layers';

const SWEEPS = 12;

/**
 * Place nodes within their layers: as near to their neighbours as the order and the gaps allow.
 *
 * Returns the middle of each node. Each layer is an isotonic regression: wishes that would overlap share their mean.
 */
export function placeAcross({ rows, above, below }: Layers, width: readonly number[], gap: number): Float64Array {
  const middle = new Float64Array(width.length);
  const offsets = rows.map((row) => offsetsIn(row, width, gap));
  rows.forEach((row, index) => row.forEach((node, at) => void (middle[node] = offsets[index]![at]!)));
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const isUpward = sweep % 2 === 1;
    const [first, second] = isUpward ? [below, above] : [above, below];
    const indexes = rows.map((_, index) => index);
    for (const index of isUpward ? indexes.reverse() : indexes) {
      const wish = (node: number) => mean(first[node]!.length > 0 ? first[node]! : second[node]!, middle, node);
      settle(rows[index]!, offsets[index]!, wish, middle);
    }
  }
  return middle;
}

/** Where the middles would be with every node as far left as it goes. */
function offsetsIn(row: readonly number[], width: readonly number[], gap: number): number[] {
  let right = -gap;
  return row.map((node) => {
    const at = right + gap + width[node]! / 2;
    right = at + width[node]! / 2;
    return at;
  });
}

function settle(
  row: readonly number[],
  offsets: readonly number[],
  wish: (node: number) => number,
  middle: Float64Array,
): void {
  const blocks: { sum: number; count: number }[] = [];
  row.forEach((node, index) => {
    const last = { sum: wish(node) - offsets[index]!, count: 1 };
    for (let before = blocks.at(-1); before && mid(before) > mid(last); before = blocks.at(-1)) {
      blocks.pop();
      last.sum += before.sum;
      last.count += before.count;
    }
    blocks.push(last);
  });
  let index = 0;
  for (const block of blocks) {
    for (let left = block.count; left > 0; left -= 1, index += 1) middle[row[index]!] = mid(block) + offsets[index]!;
  }
}

function mid({ sum, count }: { sum: number; count: number }): number {
  return sum / count;
}

function mean(nodes: readonly number[], middle: Float64Array, own: number): number {
  if (nodes.length === 0) return middle[own]!;
  let sum = 0;
  for (const node of nodes) sum += middle[node]!;
  return sum / nodes.length;
}
