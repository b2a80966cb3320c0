/** What keys do in the outline. */

import type { Extend } from './selecting';
import { stepByKey, type WalkedRow } from './walking';

export type Act =
  | { do: 'go'; to: number; extend: Extend }
  | { do: 'expand'; isExpanded: boolean }
  | { do: 'mark'; extend: Extend }
  | { do: 'move'; key: string }
  | { do: 'type'; letter: string }
  | { do: 'all' | 'open' | 'rename' | 'expandSiblings' | 'menu' };

/** What of a key event decides. */
export type Press = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>;

const PLAIN: Readonly<Record<string, Act>> = {
  Enter: { do: 'open' },
  F2: { do: 'rename' },
  '*': { do: 'expandSiblings' },
  ContextMenu: { do: 'menu' },
};

/** Find what a key does, with a row active; null when it means nothing here. */
export function actOfKey(press: Press, rows: readonly WalkedRow[], at: number, page: number): Act | null {
  const isMod = press.ctrlKey || press.metaKey;
  if (press.altKey) return !isMod && press.key.startsWith('Arrow') ? { do: 'move', key: press.key } : null;
  if (isMod && press.key.toLowerCase() === 'a') return { do: 'all' };
  const step = stepByKey(press.key, rows, at, page);
  if (step) return 'to' in step ? { do: 'go', to: step.to, extend: extendOf(press) } : { do: 'expand', isExpanded: step.expand };
  if (press.key === ' ') return { do: 'mark', extend: isMod ? 'toggle' : 'one' };
  if (isMod) return null;
  if (press.key === 'F10' && press.shiftKey) return { do: 'menu' };
  return PLAIN[press.key] ?? (press.key.length === 1 ? { do: 'type', letter: press.key } : null);
}

function extendOf(press: Press): Extend {
  if (press.shiftKey) return 'range';
  return press.ctrlKey || press.metaKey ? 'keep' : 'one';
}
