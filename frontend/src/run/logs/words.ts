/** Every English text of the log viewer. `{name}` stands for a value. */

import { fillIn, type Values } from '../../core/texts';

const WORDS = {
  'log': 'Log',
  'log.help': 'Up and down go from line to line, left and right fold and unfold, C copies the link of a line, End follows what is new.',
  'task': 'Task',
  'task.all': 'Every task',
  'attempt': 'Attempt',
  'attempt.all': 'Every attempt',
  'attempt.one': 'Attempt {number}',
  'level': 'Level',
  'level.from': '{level} and above',
  'level.all': 'Every level',
  'search': 'Search in the messages',
  'wrap': 'Wrap long lines',
  'follow': 'Follow',
  'download': 'Download',
  'clear': 'Clear the filters',
  'count': '{count} lines',
  'count.one': '1 line',
  'count.guess': 'about {count} lines',
  'new': '{count} new lines',
  'new.one': '1 new line',
  'new.none': 'To the end',
  'new.heard': '{count} new lines in the log',
  'loading': 'Reading the log …',
  'empty': 'Nothing has been logged',
  'empty.live': 'Nothing has been logged yet',
  'empty.text': 'Lines appear here as the tasks write them.',
  'none': 'No line matches the filters',
  'failed': 'The log could not be read',
  'retry': 'Try again',
  'line.link': 'Link to this line, {time}',
  'line.copied': 'the link to the line',
  'line.copiedText': 'the message',
  'line.fold': 'Fold the message',
  'line.unfold': 'Unfold the message',
  'line.more': '{count} more lines',
  'line.moreOne': '1 more line',
  'gone': 'The line that the address names is not in this log, or the filters leave it out.',
} as const;

export type Word = keyof typeof WORDS;

/** Return a text with its values put in. */
export function say(word: Word, values: Values = {}): string {
  return fillIn(WORDS[word], values);
}

/** How a level is called in a line. */
export const LEVEL_WORDS = { debug: 'DEBUG', info: 'INFO', warning: 'WARNING', error: 'ERROR', critical: 'CRITICAL' } as const;

const numbers = new Intl.NumberFormat();

/** Write a number for people: `1,000,000`. */
export function counted(number: number): string {
  return numbers.format(number);
}
