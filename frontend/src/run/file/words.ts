/** Every English text about saved runs. `{name}` stands for a value. */

import { fillIn, type Values } from '../../core/texts';

const WORDS = {
  'open': 'Open a saved run',
  'open.hint': 'Drop a file here that was saved from the page of a run, or choose one. It is read in this browser alone; nothing is sent anywhere.',
  'open.choose': 'Choose a file',
  'open.again': 'Open another',
  'open.busy': 'Reading the file …',
  'open.drop': 'Let it go to open it',
  'refused': '{name} can’t be opened',
  'refused.more': 'and {count} more like these',
  'opened': 'Opened from a file',
  'opened.saved': 'as it was',
  'left_out.values': '{count} large values were left out of the file',
  'left_out.events': '{count} events were left out of the file, so its past is not known to the end',
  'left_out.logs': '{count} older lines of the log were left out of the file',
  'only': 'This run was opened from a file; it can only be looked at.',
  'why': 'The file does not tell what it waited for.',
  'file.large': 'The file has {size} MB; more than {most} MB can’t be opened.',
  'file.json': 'The file is no JSON: {why}',
  'file.format': 'is not "{format}": this is not a saved run',
  'file.version': 'is {version}; only version {known} can be opened here',
  'must.object': 'must be an object',
  'must.list': 'must be a list',
  'must.text': 'must be a text',
  'must.number': 'must be a number',
  'must.flag': 'must be true or false',
  'must.time': 'must be a time in ISO 8601',
  'must.status': 'must be one of {known}',
  'must.seq': 'must be {wanted}: events come in order, without a hole',
  'must.rise': 'must be greater than the one before',
  'must.known': 'names no task of the definition: {id}',
  'must.once': 'is there twice: {id}',
  'must.tell': 'has no state of the task {id}',
} as const;

export type Word = keyof typeof WORDS;

/** Return a text with its values put in. */
export function say(word: Word, values: Values = {}): string {
  return fillIn(WORDS[word], values);
}
