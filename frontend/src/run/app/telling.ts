/** How far a run is, in one sentence. */

import { isTerminal, type RunState, type TaskFacts } from '../../core/run-state';
import { say } from '../words';

/** Names that are said; of more failures than these, how many. */
const NAMED = 3;

/** Say how many tasks are done and what failed: `12 of 30 done, 1 failed: check`. */
export function progressOf(state: RunState): string {
  const tasks = [...state.tasks.values()];
  const done = tasks.filter(({ status }) => isTerminal(status)).length;
  const failed = tasks.filter(({ shown }) => shown === 'failed');
  return [say('told.done', { done, all: tasks.length }), ...(failed.length ? [say('told.failed', { count: failed.length, names: namesOf(failed) })] : [])].join(', ');
}

function namesOf(tasks: readonly TaskFacts[]): string {
  const names = tasks.slice(0, NAMED).map(({ name }) => name).join(', ');
  return tasks.length > NAMED ? say('told.more', { names, count: tasks.length - NAMED }) : names;
}
