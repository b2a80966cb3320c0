/** What people did on the canvas. Coordinates are the scene's, `clientX` and `clientY` the window's; edges are told by `edgeId`. */

import type { Point } from './geometry';
import type { View } from './view';

/** The MIME type of what a palette lets be dragged onto the canvas. */
export const DROP_TYPE = 'application/x-canvas-item';

export interface Move {
  readonly id: string;
  readonly parent: string | null;
  /** Relative to `parent`. */
  readonly x: number;
  readonly y: number;
}

export interface MoveEvent {
  readonly moves: readonly Move[];
  /** The edge on which a task was dropped. */
  readonly splits: string | null;
}

interface InWindow extends Point {
  readonly clientX: number;
  readonly clientY: number;
}

export type HandleSide = 'input' | 'output';

export interface EmptyConnection extends InWindow {
  readonly node: string;
  readonly from: HandleSide;
}

export interface PaletteDrop extends Point {
  readonly data: string;
  /** The group it fell into; `x` and `y` are the scene's all the same. */
  readonly parent: string | null;
  readonly splits: string | null;
}

export interface MenuRequest extends InWindow {
  readonly node: string | null;
  readonly edge: string | null;
}

export interface CanvasEvents {
  select(ids: string[]): void;
  open(id: string): void;
  rename(id: string, title: string): void;
  move(event: MoveEvent): void;
  connect(source: string, target: string): void;
  refuse(reason: string): void;
  connectToEmpty(event: EmptyConnection): void;
  edgeClick(id: string, event: PointerEvent): void;
  edgeHover(id: string | null): void;
  edgeInsert(id: string, at: Point): void;
  drop(event: PaletteDrop): void;
  toggleGroup(id: string): void;
  contextMenu(event: MenuRequest): void;
  /** The view came to rest. `byHand`: somebody moved it, and not the page that asked for it. */
  viewChange(view: View, byHand: boolean): void;
  key(event: KeyboardEvent): void;
}

export type MayConnect = (source: string, target: string) => string | null;
export type DescribeEdge = (source: string, target: string) => string;
