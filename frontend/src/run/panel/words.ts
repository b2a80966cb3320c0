/** Every English text of the task panel. `{name}` stands for a value. */

import { fillIn, type Values } from '../../core/texts';

const WORDS = {
  'tab.overview': 'Overview',
  'tab.inputs': 'Inputs',
  'tab.result': 'Result',
  'tab.attempts': 'Attempts',
  'tab.log': 'Log',
  'past': 'Inputs, result and attempts are those of now, and not of the moment that is shown.',
  'failed': 'The details could not be read',
  'retry': 'Try again',
  'group': 'Group',

  'why': 'Why',
  'why.loading': 'Asking why …',
  'error': 'Error',
  'error.cause': 'First cause',
  'error.all': 'Show all of it',
  'next': 'Attempt {number} of {of} in {time}',
  'next.now': 'Attempt {number} of {of} is due',
  'progress': 'Progress',

  'note.cancelBy': '{by} asked to cancel this task',
  'note.cancel': 'Its cancellation was asked for',
  'note.cancelled': 'Cancelled: {reason}',
  'note.lane': 'Its code does not await: it blocks the lane “{lane}” for other tasks',
  'note.late': 'Attempt {attempt} could not be stopped and ended later ({status}); its outcome was discarded',
  'note.edited': 'A hook changed {fields} before it started',
  'note.hook': 'The hook {hook} failed',
  'note.losses': 'Its worker was lost {count} times',
  'note.loss': 'Its worker was lost once',
  'note.reused': 'The result was taken over from an earlier run',
  'note.reusedLink': 'that run',
  'note.pinned': 'The result is pinned: it did not run',
  'note.skipped': 'Somebody skipped it',
  'note.disabled': 'It is switched off',
  'reason': 'Reason: {reason}',

  'queued': 'Queued for',
  'started': 'Started',
  'finished': 'Finished',
  'took': 'Took',
  'runs': 'Runs for',
  'usual': 'Usually takes',
  'usual.p95': 'up to {time}',
  'late': 'late by {time}',
  'attempts': 'Attempts',
  'attempts.of': '{number} of {of}',
  'worker': 'Worker',
  'timeout': 'Timeout',
  'executor': 'Executor',
  'id': 'Id',

  'run': 'This run',
  'run.queued': 'Queued',
  'run.atOnce': 'Tasks at a time',
  'run.hooks': 'Hooks of the run',

  'waits': 'Depends on',
  'waits.optional': 'optional',

  'inputs.resolved': 'As it got them',
  'inputs.defined': 'As defined',
  'inputs.none': 'It has no inputs',
  'inputs.notYet': 'It has not started: these are its inputs as defined.',
  'inputs.raw': 'JSON',
  'origin.own': 'own value',
  'origin.expression': 'expression',
  'origin.dependency': 'from',
  'origin.several': 'from one of',
  'origin.hook': 'changed by a hook',
  'origin.asking': 'looking for its origin …',
  'origin.unknown': 'origin unknown',
  'origin.missing': 'not there when it ran',

  'result.none': 'There is no result',
  'result.notYet': 'It has not ended',
  'result.envelope': 'Taken out of its envelope; Raw shows all that was returned.',
  'result.hint': 'Choose a value to copy its binding.',
  'value.tree': 'Tree',
  'value.table': 'Table',
  'value.raw': 'Raw',
  'value.how': 'How to show {label}',
  'value.big': '{label} is {size}: too large to be shown at once.',
  'value.load': 'Load all of it',
  'value.download': 'Download',
  'value.cut': 'The first {shown} of {all} characters. Download it to have all of it.',
  'value.copy': 'Copy',
  'value.copied': 'the value',
  'table.more': 'Show {count} more of {rest}',
  'table.row': 'Row',
  'table.columns': '{count} more columns are in the tree',

  'attempts.none': 'It has not started',
  'attempt': 'Attempt {number}',
  'attempt.log': 'Log of attempt {number}',
  'hooks': 'Hooks',
  'hook.slow': 'slow',
  'hook.failed': 'failed',
  'hook.changed': 'changed {keys}',
  'outcome.completed': 'Completed',
  'outcome.failed': 'Failed',
  'outcome.cancelled': 'Cancelled',
  'outcome.worker_lost': 'Worker lost',
  'outcome.handed_back': 'Handed back',
  'outcome.in_progress': 'Running',
  'outcome.pending': 'Ended',
  'log.large': 'Open in the large log',
} as const;

export type Word = keyof typeof WORDS;

/** Return a text with its values put in. */
export function say(word: Word, values: Values = {}): string {
  return fillIn(WORDS[word], values);
}

/** Say a size in at most three digits: `64.0 KiB`. */
export function sizeInWords(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const kib = bytes / 1024;
  return kib < 1024 ? `${kib.toFixed(1)} KiB` : `${(kib / 1024).toFixed(1)} MiB`;
}
