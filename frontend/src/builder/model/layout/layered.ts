/** A layered layout of boxes that are not nested: what waits is below what it waits for. */

import { acyclic, type Pair } from './acyclic';
import { placeAcross } from './across';
import { reduceCrossings } from './crossings';
import { makeLayers } from './layers';
import { rankNodes } from './ranks';

export interface Size {
  width: number;
  height: number;
}

export interface Spot {
  x: number;
  y: number;
}

/** Everything is aligned to this grid; sizes should be multiples of it. */
export const GRID = 8;
const GAP_ACROSS = 32;
const GAP_DOWN = 64;
const BEND_WIDTH = 8;

/** Place boxes. Those without any edge stand in rows below the others. */
export function layered(boxes: readonly Size[], edges: readonly Pair[]): { spots: Spot[]; size: Size } {
  const isLinked = new Uint8Array(boxes.length);
  for (const [from, to] of edges) isLinked[from] = isLinked[to] = 1;
  const linked = boxes.flatMap((_, index) => (isLinked[index] ? [index] : []));
  const loose = boxes.flatMap((_, index) => (isLinked[index] ? [] : [index]));
  const spots: Spot[] = boxes.map(() => ({ x: 0, y: 0 }));
  const size = placeLinked(boxes, linked, edges, spots);
  return { spots, size: placeLoose(boxes, loose, size, spots) };
}

function placeLinked(boxes: readonly Size[], linked: readonly number[], edges: readonly Pair[], spots: Spot[]): Size {
  if (linked.length === 0) return { width: 0, height: 0 };
  const index = new Map(linked.map((box, place) => [box, place]));
  const pairs = edges.map(([from, to]): Pair => [index.get(from)!, index.get(to)!]);
  const kept = acyclic(linked.length, pairs);
  const layers = makeLayers(rankNodes(linked.length, kept), kept);
  reduceCrossings(layers);
  const width = layers.above.map((_, node) => (node < linked.length ? boxes[linked[node]!]!.width : BEND_WIDTH));
  const middle = placeAcross(layers, width, GAP_ACROSS);
  const left = linked.reduce((least, box, node) => Math.min(least, middle[node]! - boxes[box]!.width / 2), Infinity);
  const size = { width: 0, height: -GAP_DOWN };
  for (const row of layers.rows) {
    const tasks = row.filter((node) => node < linked.length);
    const y = size.height + GAP_DOWN;
    for (const node of tasks) {
      const box = boxes[linked[node]!]!;
      const x = snap(middle[node]! - box.width / 2 - left);
      spots[linked[node]!] = { x, y };
      size.width = Math.max(size.width, x + box.width);
      size.height = Math.max(size.height, y + box.height);
    }
  }
  return size;
}

function placeLoose(boxes: readonly Size[], loose: readonly number[], above: Size, spots: Spot[]): Size {
  if (loose.length === 0) return above;
  const area = loose.reduce((sum, box) => sum + (boxes[box]!.width + GAP_ACROSS) * (boxes[box]!.height + GAP_DOWN), 0);
  const limit = Math.max(above.width, Math.sqrt(area) * 1.4);
  const size = { ...above };
  let x = 0;
  let y = above.height > 0 ? above.height + GAP_DOWN : 0;
  for (const box of loose) {
    const { width, height } = boxes[box]!;
    if (x > 0 && x + width > limit) {
      x = 0;
      y = size.height + GAP_DOWN;
    }
    spots[box] = { x, y };
    size.width = Math.max(size.width, x + width);
    size.height = Math.max(size.height, y + height);
    x = snap(x + width + GAP_ACROSS);
  }
  return size;
}

/** Round to the grid. It keeps the order, so that boxes whose sizes fit the grid don't come to overlap. */
export function snap(value: number): number {
  return Math.round(value / GRID) * GRID;
}
