/** What is at a place of the scene, whether or not it is an element of the page. */

import { curveBetween, distanceTo, MOST_BEND } from './curves';
import { contains, holds, padded, type Box, type Point } from './geometry';
import type { DrawnEdge } from './lifted';
import { GROUP_HEAD, isFrame, type Shape } from './shape';

const NONE: ReadonlySet<string> = new Set();

/** The part of a node that answers to the pointer: of a frame only its head, so that boxes can be drawn inside. */
export function gripOf(shape: Shape, id: string): Box {
  const box = shape.boxes.get(id)!;
  return isFrame(shape.nodes.get(id)) ? { ...box, height: Math.min(GROUP_HEAD, box.height) } : box;
}

/** Return the node at a point: the innermost, and of equals the last. */
export function nodeAt(shape: Shape, point: Point, without: ReadonlySet<string> = NONE): string | null {
  return innermost(shape, point, (id) => !without.has(id) && holds(gripOf(shape, id), point));
}

/** Return the innermost frame around a point: what takes in a node that is dropped there. */
export function frameAt(shape: Shape, point: Point, without: ReadonlySet<string> = NONE): string | null {
  return innermost(shape, point, (id) => !without.has(id) && isFrame(shape.nodes.get(id)) && holds(shape.boxes.get(id)!, point));
}

function innermost(shape: Shape, point: Point, matches: (id: string) => boolean): string | null {
  let found: string | null = null;
  for (const id of shape.grid.query(padded({ ...point, width: 0, height: 0 }, 0.5, 0.5))) {
    if (matches(id) && (found === null || depth(shape, id) >= depth(shape, found))) found = id;
  }
  return found;
}

function depth(shape: Shape, id: string): number {
  return shape.depths.get(id) ?? 0;
}

/** Return the drawn edge nearest to a point and at most `reach` away from it. */
export function edgeAt(shape: Shape, point: Point, reach: number, without: ReadonlySet<string> = NONE): DrawnEdge | null {
  let [found, least]: [DrawnEdge | null, number] = [null, reach];
  for (const edge of shape.edges.values()) {
    if (without.has(edge.source) || without.has(edge.target)) continue;
    const [source, target] = [shape.boxes.get(edge.source)!, shape.boxes.get(edge.target)!];
    if (!mayPass(source, target, point, reach)) continue;
    const distance = distanceTo(curveBetween(source, target), point);
    if (distance <= least) [found, least] = [edge, distance];
  }
  return found;
}

/** Whether a curve could come near: for thousands of edges at every move of the pointer, before its curve is made. */
function mayPass(source: Box, target: Box, { x, y }: Point, reach: number): boolean {
  const [from, to] = [source.x + source.width / 2, target.x + target.width / 2];
  if (x < Math.min(from, to) - reach || x > Math.max(from, to) + reach) return false;
  const top = Math.min(source.y + source.height, target.y) - MOST_BEND;
  const bottom = Math.max(source.y + source.height, target.y) + MOST_BEND;
  return y >= top - reach && y <= bottom + reach;
}

/** Return the nodes that a selection box takes: cards that it touches, frames that it holds whole. */
export function nodesIn(shape: Shape, box: Box): string[] {
  const touched = [...shape.grid.query(box)];
  return touched.filter((id) => !isFrame(shape.nodes.get(id)) || contains(box, shape.boxes.get(id)!));
}
