/** Walking from node to node with the arrow keys. */

import { centreOf, type Box, type Point } from './geometry';
import { gripOf } from './hits';
import type { Shape } from './shape';

export type Direction = 'left' | 'right' | 'up' | 'down';

const STEP: Readonly<Record<Direction, Point>> = {
  left: { x: -1, y: 0 }, right: { x: 1, y: 0 }, up: { x: 0, y: -1 }, down: { x: 0, y: 1 },
};

/** Being off to the side counts more than being far. */
const ASIDE = 3;
/** Of two that are straight ahead, the one in the middle. */
const OFF_CENTRE = 0.2;

/** Return the nearest node in a direction; null at the end. */
export function neighbour(shape: Shape, from: string, direction: Direction): string | null {
  const start = gripOf(shape, from);
  let [found, least]: [string | null, number] = [null, Infinity];
  for (const id of shape.boxes.keys()) {
    const cost = id === from ? Infinity : costTo(start, gripOf(shape, id), STEP[direction]);
    if (cost < least) [found, least] = [id, cost];
  }
  return found;
}

function costTo(start: Box, end: Box, step: Point): number {
  const [a, b] = [centreOf(start), centreOf(end)];
  const delta = { x: b.x - a.x, y: b.y - a.y };
  const ahead = delta.x * step.x + delta.y * step.y;
  if (ahead < 1) return Infinity;
  const across = step.x ? Math.abs(delta.y) : Math.abs(delta.x);
  const reach = step.x ? (start.height + end.height) / 2 : (start.width + end.width) / 2;
  const aside = Math.max(0, across - reach);
  return aside > ahead * 2 ? Infinity : ahead + ASIDE * aside + OFF_CENTRE * across;
}

/** Return the node to begin with: the upper left one. */
export function firstNode(shape: Shape): string | null {
  let [found, least]: [string | null, number] = [null, Infinity];
  for (const [id, box] of shape.boxes) {
    if (box.y * 4 + box.x < least) [found, least] = [id, box.y * 4 + box.x];
  }
  return found;
}
