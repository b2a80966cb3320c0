/** Every English text of the overview's charts. `{name}` stands for a value. */

import { fillIn, type Values } from '../core/texts';

const WORDS = {
  'runs': 'Runs that ended',
  'tasks': 'Tasks that ended',
  'took': 'How long runs took',
  'waited': 'How long tasks waited to start',
  'completed': 'Completed',
  'failed': 'Failed',
  'cancelled': 'Cancelled',
  'p50': 'Half of them: at most',
  'p95': '95 in 100: at most',
  'nothing': 'Nothing has ended in this time.',
  'table': 'As a table',
  'from': 'From',
  'span': '{from} – {to}',
  'summary.counts': '{title}: {counts}.',
  'summary.nothing': '{title}: nothing.',
  'summary.times': '{title}: at the worst, half of them took at most {p50} and 95 in 100 at most {p95}.',
  'partly': 'More has ended than can be counted at once; nothing is missing since {from}.',
  'failedToLoad': 'The figures could not be loaded: {why}',
  'again': 'Try again',
  'loading': 'Loading the figures …',
} as const;

export type Word = keyof typeof WORDS;

/** Return a text with its values put in. */
export function say(word: Word, values: Values = {}): string {
  return fillIn(WORDS[word], values);
}
