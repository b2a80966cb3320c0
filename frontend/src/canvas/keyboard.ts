/** Does what a key means. */

import type { CanvasEvents } from './events';
import { actionOf, type KeyAction } from './keys';
import { GRID_STEP, movesOf, rootsOf } from './moves';
import type { Stage } from './stage';
import { ZOOM_STEP, type Travel } from './travel';
import { firstNode, neighbour, type Direction } from './walk';

export interface Keyboard {
  readonly stage: Stage;
  readonly travel: Travel;
  readonly mode: 'edit' | 'view';
  readonly on: Partial<CanvasEvents>;
  /** Give up what is being dragged; tells whether anything was. */
  cancelDrag(): boolean;
  /** Move the page's focus to a node. */
  focus(id: string): void;
  rename(id: string): void;
  openMenu(): void;
}

/** Act on a key; tells whether it had a meaning here. */
export function pressKey(event: KeyboardEvent, keyboard: Keyboard): boolean {
  const { stage, mode } = keyboard;
  const action = actionOf(event, { mode, hasSelection: stage.scene.selected.size > 0 });
  return action !== null && act(action, keyboard);
}

function act(action: KeyAction, keyboard: Keyboard): boolean {
  const { stage, travel, on } = keyboard;
  switch (action.do) {
    case 'walk': return walk(action.direction, keyboard);
    case 'nudge': return nudge(action.direction, keyboard);
    case 'open': return withCurrent(keyboard, (id) => on.open?.(id));
    case 'rename': return withCurrent(keyboard, (id) => keyboard.rename(id));
    case 'leave': return leave(keyboard);
    case 'zoomIn': return done(travel.zoomBy(ZOOM_STEP));
    case 'zoomOut': return done(travel.zoomBy(1 / ZOOM_STEP));
    case 'resetZoom': return done(travel.resetZoom());
    case 'fit': return done(travel.fit());
    case 'menu': return withCurrent({ stage }, () => keyboard.openMenu());
  }
}

/** Open or close the group that the keyboard stands on. */
export function toggleGroup({ stage, on }: Pick<Keyboard, 'stage' | 'on'>): boolean {
  const { current, shape } = stage.scene;
  if (current === null || shape.nodes.get(current)?.kind !== 'group') return false;
  on.toggleGroup?.(current);
  return true;
}

function walk(direction: Direction, { stage, travel, on, focus }: Keyboard): boolean {
  const { shape, current } = stage.scene;
  const next = current !== null && shape.boxes.has(current) ? neighbour(shape, current, direction) : firstNode(shape);
  if (next === null) return true;
  on.select?.([next]);
  stage.scene.stand(next);
  travel.reveal(next);
  focus(next);
  return true;
}

const STEPS = { left: { x: -1, y: 0 }, right: { x: 1, y: 0 }, up: { x: 0, y: -1 }, down: { x: 0, y: 1 } } as const;

function nudge(direction: Direction, { stage, on }: Keyboard): boolean {
  const { shape, selected } = stage.scene;
  const { x, y } = STEPS[direction];
  const moves = movesOf(shape, rootsOf(shape, selected), { x: x * GRID_STEP, y: y * GRID_STEP });
  on.move?.({ moves, splits: null });
  return true;
}

function leave({ stage, on, cancelDrag }: Keyboard): boolean {
  if (cancelDrag()) return true;
  if (!stage.scene.selected.size) return false;
  on.select?.([]);
  return true;
}

function withCurrent({ stage }: Pick<Keyboard, 'stage'>, use: (id: string) => void): boolean {
  const { current } = stage.scene;
  if (current === null) return false;
  use(current);
  return true;
}

function done(_nothing: void): true {
  return true;
}
