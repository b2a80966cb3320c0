/** What moving nodes means for their places. */

import type { Move } from './events';
import type { Point } from './geometry';
import { ancestorsOf, type Shape } from './shape';

/** Places are multiples of this while dragging; Alt+arrow moves by it. */
export const GRID_STEP = 8;

const ORIGIN: Point = { x: 0, y: 0 };

/** Return the given nodes without those that a given group carries along. */
export function rootsOf(shape: Shape, ids: Iterable<string>): string[] {
  const all = new Set(ids);
  return [...all].filter((id) => shape.nodes.has(id) && !ancestorsOf(shape.nodes, id).some((outer) => all.has(outer)));
}

/** Return the way to move, so that the grabbed node lands on the grid. */
export function snapped(by: Point, grabbed: Point): Point {
  return { x: snap(grabbed.x + by.x) - grabbed.x, y: snap(grabbed.y + by.y) - grabbed.y };
}

function snap(value: number): number {
  return Math.round(value / GRID_STEP) * GRID_STEP;
}

/** Return the new places of nodes that move; with `into` they also change their parent. */
export function movesOf(shape: Shape, roots: readonly string[], by: Point, into?: string | null): Move[] {
  return roots.map((id) => {
    const parent = into === undefined ? parentOf(shape, id) : into;
    const place = shape.origins.get(id) ?? ORIGIN;
    const origin = parent === null ? ORIGIN : (shape.origins.get(parent) ?? ORIGIN);
    return { id, parent, x: place.x + by.x - origin.x, y: place.y + by.y - origin.y };
  });
}

/** Return the parent that is there; one that is missing counts as none. */
export function parentOf(shape: Shape, id: string): string | null {
  const parent = shape.nodes.get(id)?.parent ?? null;
  return parent !== null && shape.nodes.has(parent) ? parent : null;
}

/** Whether all nodes already stand in this group. */
export function areIn(shape: Shape, ids: readonly string[], parent: string | null): boolean {
  return ids.every((id) => parentOf(shape, id) === parent);
}
