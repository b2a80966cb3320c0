/** Boxes on the canvas: where there is room for one more. */

import { boxAround, overlaps, padded, type Box, type Point, type Size } from '../../canvas/geometry';
import { TASK_SIZE } from '../../canvas/scene';
import { GROUP_HEAD, GROUP_PADDING } from '../../canvas/shape';
import type { Task } from '../model/document';
import { parentOf, positionOf } from '../model/task';

/** The room that tidying up leaves, between what stands side by side and what stands below each other. */
export const ASIDE = 32;
export const BELOW = 64;
/** Nearer than this is crowded. */
const NEAR = 8;

export const ORIGIN: Point = { x: 0, y: 0 };

/** The first place from `begin` to the right where none of the boxes is. */
export function freeOf(taken: readonly Box[], { width, height }: Size, begin: Point): Point {
  const spot = { x: begin.x, y: begin.y, width, height };
  for (;;) {
    const there = taken.find((box) => overlaps(padded(box, NEAR, NEAR), spot));
    if (!there) return { x: spot.x, y: spot.y };
    spot.x = there.x + there.width + ASIDE;
  }
}

/** The frame that is drawn around a box. */
export function framed({ x, y, width, height }: Box): Box {
  return { x: x - GROUP_PADDING, y: y - GROUP_HEAD, width: width + 2 * GROUP_PADDING, height: height + GROUP_HEAD + GROUP_PADDING };
}

/** Below all of them, where they begin. */
export function below(boxes: readonly Box[]): Point {
  const whole = boxAround(boxes);
  return whole ? { x: whole.x, y: whole.y + whole.height + BELOW } : ORIGIN;
}

/** The box that tasks take up which are not drawn yet: at their own places, the outermost counting from the canvas. */
export function boxAroundNew(tasks: readonly Task[]): Box {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const boxes = tasks.map((task) => ({ ...TASK_SIZE, ...cornerAmong(byId, task) }));
  return boxAround(boxes) ?? { ...ORIGIN, ...TASK_SIZE };
}

/** Where a task stands when the outermost of these tasks count from the canvas. */
function cornerAmong(tasks: ReadonlyMap<string, Task>, task: Task): Point {
  const corner = { x: 0, y: 0 };
  const seen = new Set<Task>();
  for (let at: Task | undefined = task; at && !seen.has(at); at = tasks.get(parentOf(at) ?? '')) {
    seen.add(at);
    const { x, y } = positionOf(at) ?? ORIGIN;
    corner.x += x;
    corner.y += y;
  }
  return corner;
}
