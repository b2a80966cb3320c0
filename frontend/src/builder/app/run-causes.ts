/** Why a run failed: the task that failed first, and not those that failed because of it. */

import type { RunState, TaskFacts } from '../../core/run-state';

/** Return the first task that failed by itself, or null; a group fails only with its tasks. */
export function firstFailure({ tasks }: RunState): TaskFacts | null {
  const failed = [...tasks.values()].filter((task) => task.shown === 'failed' && task.executor !== null);
  return failed.reduce<TaskFacts | null>((first, task) => (first === null || endOf(task) < endOf(first) ? task : first), null);
}

function endOf({ finishedAt }: TaskFacts): number {
  return finishedAt ?? Infinity;
}
