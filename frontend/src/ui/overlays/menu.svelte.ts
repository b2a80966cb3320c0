/** Menus: at a point or beside an element, of acts and things that are on or off. */

import type { IconName } from '../basics/icons';
import type { Point } from './place';

export interface MenuItem {
  label: string;
  run: () => void;
  icon?: IconName;
  /** Shown beside it; the keymap is what listens. */
  keys?: string | undefined;
  danger?: boolean;
  /** Why it can't be chosen now. */
  disabled?: string | null | undefined;
  /** For something that is on or off. */
  checked?: boolean;
}

export type MenuEntry = MenuItem | 'separator';

export interface MenuRequest {
  at: Point | Element;
  items: readonly MenuEntry[];
  label: string;
}

class OpenMenu {
  request = $state.raw<MenuRequest | null>(null);
}

/** The one menu that may be open; `Overlays` draws it. */
export const menu = new OpenMenu();

/** Open a menu. */
export function openMenu(request: MenuRequest): void {
  menu.request = request;
}

/** Which item the focus goes to by a key; null when the key means nothing here. */
export function itemByKey(key: string, now: number, labels: readonly string[]): number | null {
  const count = labels.length;
  if (count === 0) return null;
  if (key === 'ArrowDown') return (now + 1) % count;
  if (key === 'ArrowUp') return (now - 1 + count) % count;
  if (key === 'Home') return 0;
  if (key === 'End') return count - 1;
  if (key.length !== 1 || key === ' ') return null;
  const order = labels.map((_, index) => (now + 1 + index) % count);
  return order.find((index) => labels[index]!.toLowerCase().startsWith(key.toLowerCase())) ?? null;
}
