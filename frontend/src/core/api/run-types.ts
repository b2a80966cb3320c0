/** What the API sends and takes of runs: docs/reference/http-api.md. */

import type { HookCall } from '../run/hook-calls';
import type { JSONValue, RunRecord, Status, TaskRecord, Timestamp } from '../live/frames';
import type { JSONObject } from './types';

export type { HookCall } from '../run/hook-calls';

/** A run, in a list; there, parameters over 64 KiB are null. */
export interface RunSummary extends Omit<RunRecord, 'parameters' | 'hooks'> {
  parameters: JSONObject | null;
  counts: Partial<Record<Status, number>>;
  last_seq: number;
}

export interface FirstCause {
  task: string;
  name: string;
  error: string | null;
  error_type: string | null;
}

export interface Run extends RunSummary {
  parameters: JSONObject;
  reruns: string[];
  first_causes: FirstCause[];
  /** The calls for the run itself. */
  hooks: HookCall[];
  may: { steer: boolean; delete: boolean };
}

/** One attempt. `outcome` is the task's status for the last one, and for those before why they did not end it. */
export interface Attempt {
  attempt: number;
  outcome: Status | 'failed' | 'worker_lost' | 'handed_back';
  error: string | null;
  error_type: string | null;
  started_at: Timestamp | null;
  finished_at: Timestamp | null;
  worker: string | null;
  /** Files of runs that were kept before have none. */
  hooks?: HookCall[];
}

type Values = 'inputs' | 'resolved_inputs' | 'result' | 'params' | 'schemas';

/** The values of a task run. One over 64 KiB is null while `…_bytes` says how large it is; without a size there is none. */
type TaskValues = { [name in Values]: JSONValue } & { [name in `${Values}_bytes`]: number | null };

/** One task of a run, with all that is known of it. */
export interface TaskRun extends TaskRecord, TaskValues {
  retry: JSONObject;
  cancel_reason: string | null;
  reused_from: { run: string; task: string } | null;
  attempts: Attempt[];
  /** One sentence on why it waits, or did not run. */
  why: string;
}

/** Digests of a task's values; null where there is none. */
export interface Digests {
  id: string;
  inputs: string | null;
  resolved_inputs: string | null;
  result: string | null;
}

/** Which part of a tree a run does. */
export interface Part {
  mode: 'task' | 'up_to' | 'from';
  task: string;
  /** The run whose results stand for what is left out; null: the latest that has them all. */
  reuse_run: string | null;
}

export interface StartRequest {
  parameters?: JSONObject;
  priority?: number;
  only?: Part;
}

export interface RerunWish {
  scope: 'failed' | 'chosen' | 'all';
  /** Ids of tasks, with the scope `chosen`. */
  chosen?: string[];
  /** New inputs by the id of a task. */
  inputs?: { [task: string]: JSONObject };
  /** With the tree's present definition in place of the run's. */
  latest?: boolean;
}

export interface RerunRequest extends RerunWish {
  /** Null: those of the run. */
  parameters?: JSONObject | null;
}

export interface RerunPlan {
  summary: string;
  steps: { task_id: string; name: string; fate: 'run' | 'reuse' | 'left_out' | 'cannot'; reason: string }[];
}

/** That a command has been taken; the run's worker carries it out, and says so with an event. */
export interface Accepted {
  command: number;
  run: string;
}

export type BulkAct = 'cancel' | 'delete' | 'rerun_failed';

/** Which runs an act is about: some by their ids, or all that a filter matches. */
export type BulkTarget = { ids: readonly string[] } | { filter: JSONObject };

/** What an act on many runs would do. */
export interface BulkPlan {
  matches: number;
  doable: number;
  /** Runs that the act takes at a time. */
  most: number;
  obstacles: { why_not: string; runs: number }[];
  runs: { id: string; tree_name: string; status: Status; queued_at: Timestamp }[];
}

/** Filters of the list of runs, kept under a name. `query` is that of the list's address. */
export interface RunView {
  id: number;
  name: string;
  query: string;
  is_default: boolean;
}

export interface BulkResult {
  done: number;
  not_done: number;
  outcomes: { run: string; done: boolean; why_not: string; new_run: string | null }[];
}
