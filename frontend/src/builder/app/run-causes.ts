/** Why a run failed: the tasks that failed by themselves, and not those that failed because of them. */

import type { RunState, TaskFacts } from '../../core/run-state';

/** A group fails only with its tasks, and what is blocked with what it waits for. */
export function failedByItself(task: TaskFacts): boolean {
  return task.shown === 'failed' && task.executor !== null;
}

/** The tasks that failed by themselves, the first one first. */
export function failures({ tasks }: RunState): TaskFacts[] {
  const failed = [...tasks.values()].filter(failedByItself);
  return failed.sort((a, b) => endOf(a) - endOf(b));
}

/** Return the first task that failed by itself, or null. */
export function firstFailure(state: RunState): TaskFacts | null {
  return failures(state)[0] ?? null;
}

function endOf({ finishedAt }: TaskFacts): number {
  return finishedAt ?? Number.MAX_VALUE;
}
