/** Results of the last run that has them, for previews and pins. */

import { ApiError, type TaskRun } from '../../core/api';
import type { JSONValue } from '../model/json';
import type { Builder } from './builder.svelte';

/** Runs that are looked through for a result. */
const LOOKED_THROUGH = 5;

/** Return what a task returned in the newest run in which it completed; undefined when there is none. */
export async function lastResult(builder: Builder, taskId: string): Promise<JSONValue | undefined> {
  const tree = builder.stored.id;
  if (tree === null) return undefined;
  const { items } = await builder.api.runs.list({ tree, limit: LOOKED_THROUGH });
  for (const run of items) {
    const result = await resultIn(builder, run.id, taskId);
    if (result !== undefined) return result;
  }
  return undefined;
}

/** Return what a task returned in a run; undefined when it has not completed there, or was not in it. */
export async function resultIn(builder: Builder, runId: string, taskId: string): Promise<JSONValue | undefined> {
  const task = await taskIn(builder, runId, taskId);
  if (task?.status !== 'completed' || task.result_bytes === null) return undefined;
  const isLeftOut = task.result === null && task.result_bytes > 'null'.length;
  return isLeftOut ? builder.api.runs.result(runId, taskId) : task.result;
}

async function taskIn(builder: Builder, runId: string, taskId: string): Promise<TaskRun | null> {
  try {
    return await builder.api.runs.task(runId, taskId);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}
