/** The commands of a keymap as lists: for the palette, and for the sheet of shortcuts. */

import type { Entry } from '../search/entries';
import { labelOfKeys } from './chords';
import { keysOf, type Command, type Keymap } from './keymap';

/** What the command palette offers: what can be done now. */
export function entriesOf(keymap: Keymap): Entry[] {
  return keymap.commands
    .filter((command) => command.inPalette !== false && (command.when?.() ?? true))
    .map((command) => ({ id: command.id, name: command.label, group: command.group, keys: keysOf(command)[0] }));
}

export interface Line {
  readonly command: Command;
  /** Its keys for people; each can be pressed. */
  readonly keys: readonly string[];
}

export interface Heading {
  readonly group: string;
  readonly lines: readonly Line[];
}

/** What the sheet shows: every command that has keys, by group; a query filters by name or keys. */
export function sheetOf(keymap: Keymap, query = ''): Heading[] {
  const groups = new Map<string, Line[]>();
  for (const command of keymap.commands) {
    const keys = keysOf(command).map((written) => labelOfKeys(written, keymap.platform));
    if (keys.length === 0 || !fits(query, command.label, keys)) continue;
    const known = groups.get(command.group);
    if (known) known.push({ command, keys });
    else groups.set(command.group, [{ command, keys }]);
  }
  return [...groups].map(([group, lines]) => ({ group, lines }));
}

function fits(query: string, label: string, keys: readonly string[]): boolean {
  const asked = query.trim().toLowerCase();
  return asked.split(/\s+/).every((word) => label.toLowerCase().includes(word)) || keys.some((key) => key.toLowerCase() === asked);
}
