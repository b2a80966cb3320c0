/** What each event of a task changes; docs/events.md has the events, orchestration/store/statements.py the rows. */

import type { EventRecord, JSONValue, Status } from '../live/frames';
import { KEPT_HOOK_FAILURES, toTime, type TaskFacts } from './facts';
import { readHookCalls } from './hook-calls';

type Data = EventRecord['data'];
type Change = (task: TaskFacts, data: Data, at: number) => void;

const number = (value: JSONValue | undefined, otherwise: number): number =>
  typeof value === 'number' ? value : otherwise;
const text = (value: JSONValue | undefined): string | null => (typeof value === 'string' ? value : null);

function start(task: TaskFacts, data: Data, at: number): void {
  task.status = 'in_progress';
  task.attempt = number(data.attempt, task.attempt + 1);
  task.startedAt = at;
  task.finishedAt = task.nextAttemptAt = null;
  task.progress = 0;
  task.message = '';
  // Who runs it is not told; the worker of an earlier attempt would be a guess.
  task.worker = task.blockedLane = task.cancelRequest = null;
}

function noteProgress(task: TaskFacts, data: Data): void {
  if (task.status !== 'in_progress' || data.attempt !== task.attempt) return;
  task.progress = number(data.progress, task.progress);
  task.message = text(data.message) ?? '';
}

function end(status: Status): Change {
  return (task, data, at) => {
    task.status = status;
    task.attempt = number(data.attempt, task.attempt);
    task.finishedAt = at;
    task.nextAttemptAt = task.cancelRequest = null;
    task.error = text(data.error);
    task.errorType = data.skipped === true ? 'skipped' : text(data.error_type);
    task.firstCause = text(data.first_cause);
    if (status === 'completed') task.progress = 1;
  };
}

function backToPending(task: TaskFacts, nextAttemptAt: number | null): void {
  task.status = 'pending';
  task.nextAttemptAt = nextAttemptAt;
  task.startedAt = task.finishedAt = null;
  task.error = task.errorType = task.firstCause = null;
  task.worker = task.blockedLane = task.cancelRequest = null;
  task.progress = 0;
}

function retry(task: TaskFacts, data: Data, at: number): void {
  backToPending(task, at + number(data.delay_seconds, 0) * 1000);
  task.attempt = number(data.attempt, task.attempt);
  task.maxAttempts = number(data.of, task.maxAttempts);
  const { attempt } = task;
  task.lastAttempt = { attempt, kind: 'failed', error: text(data.error), errorType: text(data.error_type), at };
}

function interrupt(kind: 'worker_lost' | 'handed_back'): Change {
  return (task, data, at) => {
    backToPending(task, at);
    task.attempt = number(data.attempt, task.attempt);
    task.uncountedAttempts += 1;
    task.workerLosses = number(data.losses, task.workerLosses);
    task.lastAttempt = { attempt: task.attempt, kind, error: null, errorType: null, at };
  };
}

function requeue(task: TaskFacts): void {
  backToPending(task, null);
  // Somebody asked for it: the attempts so far are forgiven.
  task.uncountedAttempts = task.attempt;
}

function requestCancel(task: TaskFacts, data: Data, at: number): void {
  task.cancelRequest = { reason: text(data.reason) ?? '', by: text(data.by), at };
}

function edit(task: TaskFacts, data: Data): void {
  const fields = Array.isArray(data.fields) ? data.fields.filter((field) => typeof field === 'string') : [];
  task.editedFields = [...new Set([...task.editedFields, ...fields])];
}

function failHook(task: TaskFacts, data: Data, at: number): void {
  const failure = { hook: text(data.hook) ?? '', error: text(data.error) ?? '', at };
  task.hookFailures = [...task.hookFailures, failure].slice(-KEPT_HOOK_FAILURES);
}

function noteHooks(task: TaskFacts, data: Data, at: number): void {
  for (const { hook, error } of readHookCalls(data.hooks)) {
    if (error !== null) failHook(task, { hook, error }, at);
  }
}

function noteLateOutcome(task: TaskFacts, data: Data, at: number): void {
  task.lateOutcome = { attempt: number(data.attempt, task.attempt), status: data.status as Status, at };
}

export const TASK_EVENTS: ReadonlyMap<string, Change> = new Map<string, Change>([
  ['task.started', start],
  ['task.progress', noteProgress],
  ['task.completed', end('completed')],
  ['task.failed', end('failed')],
  ['task.cancelled', end('cancelled')],
  ['task.retrying', retry],
  ['task.worker_lost', interrupt('worker_lost')],
  ['task.handed_back', interrupt('handed_back')],
  ['task.requeued', requeue],
  ['task.cancel_requested', requestCancel],
  ['task.priority_changed', (task, data) => void (task.priority = number(data.priority, task.priority))],
  ['task.edited', edit],
  ['task.hooks', noteHooks],
  ['task.hook_failed', failHook],
  ['task.lane_blocked', (task, data) => void (task.blockedLane = text(data.lane))],
  ['task.late_outcome', noteLateOutcome],
]);

/** Apply an event to its task. Returns false for a type that is not known here. */
export function applyToTask(task: TaskFacts, event: EventRecord): boolean {
  const change = TASK_EVENTS.get(event.type);
  change?.(task, event.data, toTime(event.at));
  return change !== undefined;
}
