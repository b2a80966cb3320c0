/** What is known of a run and its tasks. Times are milliseconds since 1970 by the server's clock. */

import type { DependencyRecord, JSONValue, RunRecord, Status, TaskRecord } from '../live/frames';
import { readHookCalls, type HookCall } from './hook-calls';

/** What people see of a task: its status, refined (docs/states.md). */
export type Shown =
  | 'pending'
  | 'waiting'
  | 'in_progress'
  | 'completed'
  | 'reused'
  | 'failed'
  | 'blocked'
  | 'cancelled'
  | 'retrying';

/** What people see of a run. */
export type RunShown = Status | 'paused' | 'cancelling';

/** Somebody's wish that a running task end. */
export interface CancelRequest {
  reason: string;
  by: string | null;
  at: number;
}

/** An attempt that did not end its task. */
export interface LostAttempt {
  attempt: number;
  kind: 'failed' | 'worker_lost' | 'handed_back';
  error: string | null;
  errorType: string | null;
  at: number;
}

export interface HookFailure {
  hook: string;
  error: string;
  at: number;
}

/** The newest failures of a task's hooks, and the newest calls for a run, that are kept. */
export const KEPT_HOOK_FAILURES = 20;
export const KEPT_RUN_HOOKS = 500;

/**
 * What is known of one task. The object stays the same while the run is watched; its fields change.
 *
 * What only events tell (`cancelRequest` and what follows it) is known of what was watched, and empty after a snapshot.
 */
export interface TaskFacts {
  readonly id: string;
  readonly pk: number;
  readonly name: string;
  readonly executor: string | null;
  readonly parentId: string | null;
  readonly enabled: boolean;
  readonly position: { x: number; y: number } | null;
  readonly dependencies: readonly DependencyRecord[];
  readonly pinned: boolean;
  readonly reused: boolean;
  readonly timeoutSeconds: number | null;
  shown: Shown;
  status: Status;
  priority: number;
  /** Starts so far; `uncountedAttempts` of them were ended by a lost or stopped worker, or are forgiven. */
  attempt: number;
  uncountedAttempts: number;
  maxAttempts: number;
  progress: number;
  message: string;
  error: string | null;
  errorType: string | null;
  firstCause: string | null;
  nextAttemptAt: number | null;
  startedAt: number | null;
  finishedAt: number | null;
  /** Null also while it is not known: events don't tell it. */
  worker: string | null;
  /** Dependencies that have not ended. */
  unmet: number;
  cancelRequest: CancelRequest | null;
  lastAttempt: LostAttempt | null;
  workerLosses: number;
  /** Fields that a hook has changed before the task started. */
  editedFields: readonly string[];
  hookFailures: readonly HookFailure[];
  /** The lane that its code blocks, because it does not await. */
  blockedLane: string | null;
  /** How code that could not be stopped ended; its outcome was discarded. */
  lateOutcome: { attempt: number; status: Status; at: number } | null;
}

/** What is known of the run itself. */
export interface RunFacts {
  readonly id: string;
  readonly treeId: string | null;
  readonly treeName: string;
  readonly treeVersion: number;
  readonly trigger: string;
  readonly requestedBy: string | null;
  readonly parameters: { [key: string]: JSONValue };
  readonly parentRunId: string | null;
  readonly queuedAt: number;
  readonly taskCount: number;
  readonly maxConcurrency: number | null;
  readonly timeoutSeconds: number | null;
  shown: RunShown;
  status: Status;
  priority: number;
  paused: boolean;
  cancelRequestedAt: number | null;
  cancelReason: string;
  /** It took longer than its tree allows; known of what was watched. */
  timedOut: boolean;
  error: string | null;
  startedAt: number | null;
  finishedAt: number | null;
  /** Null also while it is not known: events don't tell it. */
  owner: string | null;
  /** The calls of hooks for the run itself, at its beginning and its end. */
  hooks: readonly HookCall[];
}

/** Read a time. */
export function toTime(text: string): number;
export function toTime(text: string | null): number | null;
export function toTime(text: string | null): number | null {
  return text === null ? null : Date.parse(text);
}

/** Read a task of a snapshot. `shown` and `unmet` depend on the other tasks and are set later. */
export function readTask(record: TaskRecord): TaskFacts {
  return {
    id: record.id,
    pk: record.pk,
    name: record.name,
    executor: record.executor,
    parentId: record.parent_id,
    enabled: record.enabled,
    position: record.position,
    dependencies: record.dependencies,
    pinned: record.pinned,
    reused: record.reused,
    timeoutSeconds: record.timeout_seconds,
    shown: 'pending',
    status: record.status,
    priority: record.priority,
    attempt: record.attempt,
    uncountedAttempts: record.uncounted_attempts,
    maxAttempts: record.max_attempts,
    progress: record.progress,
    message: record.progress_message,
    error: record.error,
    errorType: record.error_type,
    firstCause: record.first_cause,
    nextAttemptAt: toTime(record.next_attempt_at),
    startedAt: toTime(record.started_at),
    finishedAt: toTime(record.finished_at),
    worker: record.worker,
    unmet: 0,
    cancelRequest: null,
    lastAttempt: null,
    workerLosses: 0,
    editedFields: [],
    hookFailures: [],
    blockedLane: null,
    lateOutcome: null,
  };
}

/** Read the run of a snapshot. */
export function readRun(record: RunRecord): RunFacts {
  return {
    id: record.id,
    treeId: record.tree_id,
    treeName: record.tree_name,
    treeVersion: record.tree_version,
    trigger: record.trigger,
    requestedBy: record.requested_by,
    parameters: record.parameters,
    parentRunId: record.parent_run_id,
    queuedAt: toTime(record.queued_at),
    taskCount: record.task_count,
    maxConcurrency: record.max_concurrency,
    timeoutSeconds: record.timeout_seconds,
    shown: record.status,
    status: record.status,
    priority: record.priority,
    paused: record.paused,
    cancelRequestedAt: toTime(record.cancel_requested_at),
    cancelReason: record.cancel_reason,
    timedOut: false,
    error: record.error,
    startedAt: toTime(record.started_at),
    finishedAt: toTime(record.finished_at),
    owner: record.owner,
    hooks: readHookCalls(record.hooks).slice(-KEPT_RUN_HOOKS),
  };
}
