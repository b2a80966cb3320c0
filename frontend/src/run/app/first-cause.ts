/** Of a run that failed: the tasks that really failed, and what they stopped. */

import { failures } from '../../builder/app/run-causes';
import type { RunState, TaskFacts } from '../../core/run-state';

export interface Cause {
  readonly task: TaskFacts;
  /** Tasks that did not run because of it. */
  readonly stopped: readonly TaskFacts[];
}

/** The tasks that failed of their own accord, the first one first, each with what it stopped. */
export function causesOf(state: RunState): Cause[] {
  const stopped = new Map<string, TaskFacts[]>();
  for (const task of state.tasks.values()) {
    if (task.firstCause === null || task.firstCause === task.id) continue;
    const known = stopped.get(task.firstCause);
    if (known) known.push(task);
    else stopped.set(task.firstCause, [task]);
  }
  return failures(state).map((task) => ({ task, stopped: stopped.get(task.id) ?? [] }));
}
