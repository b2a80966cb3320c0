/** Every English text of running again. `{name}` stands for a value. */

import { fillIn, type Values } from '../../core/texts';

const WORDS = {
  'title': 'Run again',
  'close': 'Close',
  'what': 'What is run again',
  'scope.failed': 'What failed or was cancelled, and what comes after it',
  'scope.selected': '{name}, and what comes after it',
  'scope.selectedSeveral': 'The {count} selected tasks, and what comes after them',
  'scope.noneSelected': 'From a task on: select it on the canvas or in the list',
  'scope.chosen': 'Chosen tasks, and what comes after them',
  'scope.all': 'Everything',
  'latest': 'With the tree as it is now, version {version}, in place of version {before}',
  'latest.same': 'With the tree as it is now; the run has the newest version, {version}',
  'latest.unknown': 'With the tree as it is now',
  'parameters': 'Parameters of the new run',
  'plan': 'The plan',
  'plan.choose': 'Choose at least one task below.',
  'plan.none': 'Nothing runs: choose something else.',
  'plan.asking': 'Asking what would happen …',
  'tasks': 'Tasks',
  'search': 'Search for a task',
  'choose': 'Run {name} again',
  'rest': '{count} more: search for them',
  'nothing': 'No task is called like “{query}”.',
  'fate.run': 'Runs',
  'fate.reuse': 'Reused',
  'fate.left_out': 'Left out',
  'fate.cannot': 'Can’t run',
  'inputs': 'Inputs',
  'inputs.of': 'Inputs of {name} for the new run',
  'inputs.edit': 'Inputs of {name}',
  'inputs.changed': 'Inputs changed',
  'inputs.reset': 'As they were',
  'inputs.resetOf': 'Take back the changed inputs of {name}',
  'inputs.mayNot': 'Other inputs are for those who may change trees.',
  'go': 'Run',
  'cancel': 'Cancel',
} as const;

export type Word = keyof typeof WORDS;

/** Return a text with its values put in. */
export function say(word: Word, values: Values = {}): string {
  return fillIn(WORDS[word], values);
}
