/** What a status shows as, and the words for it; the pages say the same (orchestration/pages/states.py). */

import type { Status } from '../live/frames';
import type { RunFacts, RunShown, Shown, TaskFacts } from './facts';

export const SHOWN_WORDS: Readonly<Record<Shown, string>> = {
  pending: 'Pending',
  waiting: 'Waiting',
  in_progress: 'In progress',
  completed: 'Completed',
  reused: 'Reused',
  failed: 'Failed',
  blocked: 'Blocked',
  cancelled: 'Cancelled',
  retrying: 'Retrying',
};

export const RUN_WORDS: Readonly<Record<RunShown, string>> = {
  pending: 'Pending',
  in_progress: 'In progress',
  completed: 'Completed',
  failed: 'Failed',
  cancelled: 'Cancelled',
  paused: 'Paused',
  cancelling: 'Cancelling',
};

/** Every state that a task may show, in the order in which they are listed. */
export const ALL_SHOWN = Object.keys(SHOWN_WORDS) as readonly Shown[];

/** Tell whether nothing will change a status any more. */
export function isTerminal(status: Status): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled';
}

/** Return what a task shows. */
export function shownOfTask(task: TaskFacts): Shown {
  if (task.status === 'pending') {
    if (task.attempt > 0 && task.nextAttemptAt !== null) return 'retrying';
    return task.unmet > 0 ? 'waiting' : 'pending';
  }
  if (task.status === 'failed' && task.errorType === 'dependency_failed') return 'blocked';
  if (task.status === 'completed' && task.reused) return 'reused';
  return task.status;
}

/** Return what a run shows. */
export function shownOfRun(run: RunFacts): RunShown {
  if (isTerminal(run.status)) return run.status;
  if (run.cancelRequestedAt !== null) return 'cancelling';
  return run.paused ? 'paused' : run.status;
}

/** The attempt that a retrying task waits for, out of how many; lost and forgiven attempts don't count. */
export function nextAttempt(task: TaskFacts): { number: number; of: number } {
  return { number: task.attempt - task.uncountedAttempts + 1, of: task.maxAttempts };
}

/** The word for what a task shows: `Retrying 2/3`. */
export function wordOfTask(task: TaskFacts): string {
  if (task.shown !== 'retrying') return SHOWN_WORDS[task.shown];
  const { number, of } = nextAttempt(task);
  return `${SHOWN_WORDS.retrying} ${number}/${of}`;
}
