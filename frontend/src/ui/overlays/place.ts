/** Where a floating box goes: near what it belongs to, and inside the window. */

export interface Point {
  x: number;
  y: number;
}

export interface Size {
  width: number;
  height: number;
}

/** What a box belongs to: a point, or a rectangle beside which it stands. */
export interface Anchor extends Point, Size {}

const MARGIN = 8;

/** An anchor of no size. */
export function anchorAt({ x, y }: Point): Anchor {
  return { x, y, width: 0, height: 0 };
}

/** The anchor that an element is. */
export function anchorOf(element: Element): Anchor {
  const { x, y, width, height } = element.getBoundingClientRect();
  return { x, y, width, height };
}

/** Place a box below its anchor, or above where there is more room; `gap` pixels away. */
export function place(anchor: Anchor, box: Size, window: Size, gap = 0, align: 'start' | 'middle' = 'start'): Point {
  const below = anchor.y + anchor.height + gap;
  const above = anchor.y - gap - box.height;
  const fitsBelow = below + box.height <= window.height - MARGIN;
  const y = fitsBelow || (above < MARGIN && window.height - below >= anchor.y) ? below : above;
  const x = align === 'start' ? anchor.x : anchor.x + (anchor.width - box.width) / 2;
  return { x: within(x, box.width, window.width), y: within(y, box.height, window.height) };
}

function within(at: number, size: number, room: number): number {
  return Math.max(MARGIN, Math.min(at, room - size - MARGIN));
}

/** Move an element that floats to its place. */
export function moveTo(element: HTMLElement, anchor: Anchor, gap = 0, align: 'start' | 'middle' = 'start'): void {
  const box = { width: element.offsetWidth, height: element.offsetHeight };
  const { x, y } = place(anchor, box, { width: innerWidth, height: innerHeight }, gap, align);
  element.style.left = `${Math.round(x)}px`;
  element.style.top = `${Math.round(y)}px`;
}
