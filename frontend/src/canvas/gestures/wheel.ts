/** What the wheel does: it pans, and zooms with Ctrl, which is also how a browser tells of a pinch on a trackpad. */

import type { Point } from '../geometry';
import { zoomedAt, type View } from '../view';

export type Turn = Pick<WheelEvent, 'deltaX' | 'deltaY' | 'deltaMode' | 'shiftKey' | 'ctrlKey' | 'metaKey'>;

/** By `deltaMode`: pixels, lines, pages. */
const PAN_UNITS = [1, 20, 400];
const ZOOM_UNITS = [0.002, 0.05, 1];
/** On a Mac, Ctrl is a pinch, and a pinch counts in small steps. */
const PINCH = 10;

/** Return the view after a turn of the wheel with the pointer at a point of the screen. */
export function wheeledView(view: View, turn: Turn, at: Point, isMac = false): View {
  if (turn.ctrlKey || turn.metaKey) return zoomedAt(view, at, view.zoom * 2 ** (-turn.deltaY * zoomUnit(turn, isMac)));
  const unit = PAN_UNITS[turn.deltaMode] ?? 1;
  const [x, y] = isSideways(turn) ? [turn.deltaY, 0] : [turn.deltaX, turn.deltaY];
  return { ...view, x: view.x - x * unit, y: view.y - y * unit };
}

function zoomUnit({ deltaMode, ctrlKey }: Turn, isMac: boolean): number {
  return (ZOOM_UNITS[deltaMode] ?? 0) * (isMac && ctrlKey ? PINCH : 1);
}

/** Some systems turn the wheel sideways themselves while Shift is down. */
function isSideways({ shiftKey, deltaX }: Turn): boolean {
  return shiftKey && deltaX === 0;
}
