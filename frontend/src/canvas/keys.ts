/** What each key means on the canvas. */

import type { Direction } from './walk';

export type KeyAction =
  | { readonly do: 'walk' | 'nudge'; readonly direction: Direction }
  | { readonly do: 'open' | 'rename' | 'leave' | 'zoomIn' | 'zoomOut' | 'resetZoom' | 'fit' | 'menu' };

const DIRECTIONS: Readonly<Record<string, Direction>> = {
  ArrowLeft: 'left', ArrowRight: 'right', ArrowUp: 'up', ArrowDown: 'down',
};

const PLAIN: Readonly<Record<string, Exclude<KeyAction['do'], 'walk' | 'nudge'>>> = {
  Enter: 'open', F2: 'rename', Escape: 'leave', '+': 'zoomIn', '=': 'zoomIn', '-': 'zoomOut', ContextMenu: 'menu',
};

/** `0` to `3` are priorities while something is selected in a builder, so that these keys need an empty selection there. */
const VIEWS: Readonly<Record<string, 'resetZoom' | 'fit'>> = { '0': 'resetZoom', '1': 'fit' };

export interface KeyState {
  readonly mode: 'edit' | 'view';
  readonly hasSelection: boolean;
}

type Pressed = Pick<KeyboardEvent, 'key' | 'shiftKey' | 'ctrlKey' | 'altKey' | 'metaKey'>;

/** Return what a key does here; null when it is the page's. */
export function actionOf(event: Pressed, { mode, hasSelection }: KeyState): KeyAction | null {
  const direction = DIRECTIONS[event.key];
  if (event.ctrlKey || event.metaKey) return null;
  if (direction && event.altKey) return mode === 'edit' && hasSelection ? { do: 'nudge', direction } : null;
  if (event.altKey) return null;
  if (direction) return event.shiftKey ? null : { do: 'walk', direction };
  if (event.shiftKey && event.key === 'F10') return { do: 'menu' };
  const view = VIEWS[event.key];
  if (view) return mode === 'edit' && hasSelection ? null : { do: view };
  const plain = PLAIN[event.key];
  if (!plain || (plain === 'rename' && mode === 'view')) return null;
  return { do: plain };
}
