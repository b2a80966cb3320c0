/** Moves the view while something is dragged near its border. */

import type { Point, Size } from '../geometry';

/** So near to the border it begins, in pixels. */
const BORDER = 36;
/** Pixels a frame at the very border. */
const FASTEST = 16;

/** Return how far the view moves in the next frame; null when it stands still. Dragging away from a border never pulls there. */
export function panFor(from: Point, pointer: Point, size: Size): Point | null {
  const x = pull(from.x, pointer.x, size.width);
  const y = pull(from.y, pointer.y, size.height);
  return x === 0 && y === 0 ? null : { x, y };
}

function pull(from: number, place: number, length: number): number {
  if (place < BORDER && place < from) return strength(BORDER - place);
  if (place > length - BORDER && place > from) return -strength(place - length + BORDER);
  return 0;
}

function strength(depth: number): number {
  return Math.min(1, depth / BORDER) * FASTEST;
}
