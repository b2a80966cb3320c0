/** What somebody chose for good, kept in this browser. */

import type { Store } from '../../ui/search/recent';

export type Choice = 'follow' | 'notify';

/** Tell whether something is switched on; off when nothing is kept. */
export function isOn(choice: Choice, store: () => Store = () => localStorage): boolean {
  try {
    return store().getItem(`run:${choice}`) === 'on';
  } catch {
    // Storage is switched off.
    return false;
  }
}

/** Keep a choice for the next visit. */
export function keep(choice: Choice, on: boolean, store: () => Store = () => localStorage): void {
  try {
    store().setItem(`run:${choice}`, on ? 'on' : 'off');
  } catch {
    // Then it holds for this visit.
  }
}
