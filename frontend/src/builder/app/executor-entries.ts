/** The executors as entries of a searchable list, and the empty group beside them. */

import type { Entry } from '../../ui/search/entries';
import type { Catalogue } from './catalogue';
import { say } from './words';

/** The id of the entry that makes an empty group. */
const GROUP = ' group';

const ORIGINS: Readonly<Record<string, string>> = { 'built-in': 'Built in', example: 'Examples', user: 'Your own', 'made here': 'Made here' };

/** Return the entries, those of the own executors first. */
export function entriesOf({ executors }: Catalogue): Entry[] {
  const order = ['user', 'made here', 'built-in', 'example'];
  const sorted = [...executors].sort((a, b) => order.indexOf(a.origin) - order.indexOf(b.origin) || a.name.localeCompare(b.name));
  const entries = sorted.map((executor): Entry => {
    const [about] = executor.description.split('\n\n');
    const entry = { id: executor.id, name: executor.name, group: ORIGINS[executor.origin] ?? executor.origin, about: about ?? '', words: [executor.id, ...executor.tags].join(' ') };
    const disabled = executor.enabled ? !executor.usable && say('palette.notYours') : say('palette.off');
    return disabled ? { ...entry, disabled } : entry;
  });
  return [...entries, { id: GROUP, name: say('palette.group'), group: 'Structure', about: say('palette.groupAbout') }];
}

/** The executor that an entry stands for; null is the empty group. */
export function executorIdOf(entryId: string): string | null {
  return entryId === GROUP ? null : entryId;
}
