/** The line of an edge: from the lower side of one box to the upper side of another. */

import { type Box, type Point } from './geometry';

export interface Curve {
  readonly from: Point;
  readonly to: Point;
  /** How far the control points stand below `from` and above `to`. */
  readonly bend: number;
}

const LEAST_BEND = 24;
export const MOST_BEND = 140;
/** Parts in which a curve is measured. */
const PARTS = 20;

/** Return the curve between two boxes. */
export function curveBetween(source: Box, target: Box): Curve {
  return curve(outputOf(source), inputOf(target));
}

export function curve(from: Point, to: Point): Curve {
  const bend = Math.min(MOST_BEND, Math.max(LEAST_BEND, Math.abs(to.y - from.y) / 2));
  return { from, to, bend };
}

/** Where edges leave a box. */
export function outputOf(box: Box): Point {
  return { x: box.x + box.width / 2, y: box.y + box.height };
}

/** Where edges reach a box. */
export function inputOf(box: Box): Point {
  return { x: box.x + box.width / 2, y: box.y };
}

/** Return the curve in the language of SVG paths. */
export function pathOf({ from, to, bend }: Curve): string {
  return `M${from.x},${from.y}C${from.x},${from.y + bend} ${to.x},${to.y - bend} ${to.x},${to.y}`;
}

/** Return the point at `t`, from 0 to 1. */
export function pointOn({ from, to, bend }: Curve, t: number): Point {
  const u = 1 - t;
  const [a, b, c, d] = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t];
  return {
    x: (a + b) * from.x + (c + d) * to.x,
    y: a * from.y + b * (from.y + bend) + c * (to.y - bend) + d * to.y,
  };
}

/** Return the box that holds the whole curve. */
export function boundsOf({ from, to, bend }: Curve): Box {
  const top = Math.min(from.y, to.y - bend);
  const bottom = Math.max(from.y + bend, to.y);
  return { x: Math.min(from.x, to.x), y: top, width: Math.abs(from.x - to.x), height: bottom - top };
}

/** Return how far a point is from the curve. */
export function distanceTo(line: Curve, point: Point): number {
  let least = Infinity;
  let before = line.from;
  for (let part = 1; part <= PARTS; part += 1) {
    const next = pointOn(line, part / PARTS);
    least = Math.min(least, distanceToSegment(before, next, point));
    before = next;
  }
  return least;
}

function distanceToSegment(a: Point, b: Point, point: Point): number {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = dx * dx + dy * dy;
  const along = length ? Math.min(1, Math.max(0, ((point.x - a.x) * dx + (point.y - a.y) * dy) / length)) : 0;
  return Math.hypot(a.x + along * dx - point.x, a.y + along * dy - point.y);
}
