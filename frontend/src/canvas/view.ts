/** The view: where the scene stands on the screen. A point of the scene is shown at `point * zoom + (x, y)`. */

import { centreOf, type Box, type Point, type Size } from './geometry';

export interface View extends Point {
  readonly zoom: number;
}

export const MIN_ZOOM = 0.01;
export const MAX_ZOOM = 2;
/** Fitting never makes cards larger than they are. */
const MAX_FIT_ZOOM = 1;
const FIT_MARGIN = 40;
const REVEAL_MARGIN = 32;

export interface FitOptions {
  readonly minZoom?: number;
  readonly maxZoom?: number;
  readonly margin?: number;
}

export function clampZoom(zoom: number): number {
  return Math.min(MAX_ZOOM, Math.max(MIN_ZOOM, zoom));
}

/** Return the scene's point that is shown at a point of the screen. */
export function toScene(view: View, point: Point): Point {
  return { x: (point.x - view.x) / view.zoom, y: (point.y - view.y) / view.zoom };
}

export function toScreen(view: View, point: Point): Point {
  return { x: point.x * view.zoom + view.x, y: point.y * view.zoom + view.y };
}

/** Return the part of the scene that is shown. */
export function visibleBox(view: View, size: Size): Box {
  const corner = toScene(view, { x: 0, y: 0 });
  return { ...corner, width: size.width / view.zoom, height: size.height / view.zoom };
}

/** Return the view that shows a box whole and centred. */
export function fitView(box: Box, size: Size, { minZoom = MIN_ZOOM, maxZoom = MAX_FIT_ZOOM, margin = FIT_MARGIN }: FitOptions = {}): View {
  const zoom = Math.min(room(size.width, margin) / box.width, room(size.height, margin) / box.height, maxZoom);
  return centredOn(centreOf(box), size, Math.max(minZoom, zoom));
}

/** Small screens keep some room: the margin never takes more than half. */
function room(length: number, margin: number): number {
  return Math.max(length - 2 * margin, length / 2);
}

/** Return the view with a point of the scene in the middle. */
export function centredOn(point: Point, size: Size, zoom: number): View {
  return { x: size.width / 2 - point.x * zoom, y: size.height / 2 - point.y * zoom, zoom };
}

/** Return the view zoomed so that what is under `at` (on the screen) stays there. */
export function zoomedAt(view: View, at: Point, zoom: number): View {
  const next = clampZoom(zoom);
  const fixed = toScene(view, at);
  return { x: at.x - fixed.x * next, y: at.y - fixed.y * next, zoom: next };
}

/** Return the nearest view that shows a box; boxes larger than the screen are centred. */
export function revealing(view: View, box: Box, size: Size): View {
  const corner = toScreen(view, box);
  const x = shift(corner.x, box.width * view.zoom, size.width);
  const y = shift(corner.y, box.height * view.zoom, size.height);
  return { x: view.x + x, y: view.y + y, zoom: view.zoom };
}

function shift(start: number, length: number, room: number): number {
  const margin = Math.min(REVEAL_MARGIN, Math.max(0, (room - length) / 2));
  if (length > room - 2 * margin) return room / 2 - start - length / 2;
  return Math.max(margin - start, 0) + Math.min(room - margin - start - length, 0);
}

export function sameView(a: View, b: View): boolean {
  return a.x === b.x && a.y === b.y && a.zoom === b.zoom;
}
