/** One drag of the pointer, from the moment it has moved far enough. */

import type { CanvasEvents, MayConnect } from '../events';
import type { Point } from '../geometry';
import type { Overlay } from '../overlay.svelte';
import type { Stage } from '../stage';

export interface Pointer {
  /** In the scene. */
  readonly at: Point;
  /** In the canvas, in pixels. */
  readonly on: Point;
  readonly clientX: number;
  readonly clientY: number;
  readonly shift: boolean;
  readonly alt: boolean;
}

export interface Gesture {
  move(pointer: Pointer): void;
  end(pointer: Pointer): void;
  cancel(): void;
}

/** What gestures work with. */
export interface Workbench {
  readonly stage: Stage;
  readonly overlay: Overlay;
  readonly mode: 'edit' | 'view';
  readonly on: Partial<CanvasEvents>;
  readonly mayConnect: MayConnect | undefined;
}

/** How near to an edge the pointer must be, in pixels. */
export const EDGE_REACH = 7;

/** A press that moves no further, in pixels, is a click. */
const STILL = 4;

/** Whether a press has become a drag. */
export function isFar(from: Pointer, to: Pointer): boolean {
  return Math.hypot(from.clientX - to.clientX, from.clientY - to.clientY) > STILL;
}

/** Whether an event belongs to a button or field on the canvas, not to the picture. */
export function isTool(event: Event): boolean {
  return event.target instanceof Element && event.target.closest('[data-tools], [data-name-field]') !== null;
}
