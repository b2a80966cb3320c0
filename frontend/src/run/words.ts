/** Every English text of the run view. `{name}` stands for a value. */

import { fillIn, type Values } from '../core/texts';

const WORDS = {
  'run.opening': 'Opening the run …',
  'run.failed': 'The run can’t be shown',
  'run.again': 'Try again',
  'run.by': 'by {who}',
  'run.rerunOf': 'Re-run of an earlier one',
  'run.rerun': 'Re-run {number}',
  'run.cancelReason': 'Cancelled: {reason}',
  'canvas': 'The run of {name}, drawn',
  'canvas.hint': 'The list beside it has the same tasks.',
  'outline': 'Tasks',
  'task': 'The selected task',
  'task.none': 'No task is selected',
  'task.noneHint': 'Select one on the canvas, in the list or in the chart to see what it got, what it made and why it waits.',
  'tabs': 'What happened',
  'tab.gantt': 'Chart',
  'tab.log': 'Log',
  'tab.events': 'Events',
  'legend': 'Tasks by state; press to show only these',
  'causes': 'What failed',
  'causes.stopped': 'and {count} more did not run because of it',
  'causes.more': 'and {count} more tasks failed',
  'acts': 'Actions',
  'keys.run': 'Run',
  'keys.look': 'Look',
  'cancel': 'Cancel',
  'act.cancel': 'Cancel',
  'act.cancel.theRun': 'Cancel the run',
  'act.cancel.theTask': 'Cancel the task',
  'act.cancel.run': 'What runs is stopped, and what waits does not start. A run that was cancelled can be run again.',
  'act.cancel.task': '{name} is stopped, or does not start; what requires it is cancelled too.',
  'act.pause': 'Pause',
  'act.pause.run': 'Nothing new starts until somebody resumes it. What runs goes on.',
  'act.resume': 'Resume',
  'act.resume.run': 'What is due starts again.',
  'act.retry': 'Retry',
  'act.retry.task': '{name} runs once more in this run, and what it had stopped gets another chance.',
  'act.skip': 'Skip',
  'act.skip.task': '{name} counts as completed without a result, and what waits for it goes on.',
  'act.run-now': 'Run now',
  'act.run-now.task': 'The next attempt of {name} begins now instead of at its time.',
  'act.priority': 'Priority {priority}',
  'act.rerun': 'Run again from here',
  'act.copyId': 'Copy the task’s id',
  'rerun.do': 'Run again',
  'time.at': 'As it was {when} after the start',
  'time.now': 'Back to now',
  'time.reading': 'Reading what happened …',
  'events.seq': 'No.',
  'events.at': 'At',
  'events.what': 'Event',
  'events.task': 'Task',
  'events.details': 'Details',
  'events.run': 'the run',
  'gantt.label': 'Tasks, with what they did when',
  'gantt.hideIdle': 'Leave idle time out',
  'gantt.playhead': 'The moment that is shown; End goes back to now',
} as const;

export type Word = keyof typeof WORDS;

/** Return a text with its values put in. */
export function say(word: Word, values: Values = {}): string {
  return fillIn(WORDS[word], values);
}
