/** What each event of the run itself changes; docs/events.md has the events. */

import type { EventRecord, Status } from '../live/frames';
import { KEPT_RUN_HOOKS, toTime, type RunFacts } from './facts';
import { readHookCalls } from './hook-calls';

type Data = EventRecord['data'];
type Change = (run: RunFacts, data: Data, at: number) => void;

/** What the engine writes when nobody gave a reason (orchestration/engine/run_requests.py). */
const CANCELLED = 'The run was cancelled';

function claim(run: RunFacts, _data: Data, at: number): void {
  run.status = 'in_progress';
  run.startedAt ??= at;
  // Who it is is not told; the owner before would be a guess.
  run.owner = null;
}

function requestCancel(run: RunFacts, data: Data, at: number): void {
  run.cancelRequestedAt ??= at;
  run.cancelReason ||= (typeof data.reason === 'string' && data.reason) || CANCELLED;
}

function changePriority(run: RunFacts, data: Data): void {
  if (typeof data.priority === 'number') run.priority = data.priority;
}

function noteHooks(run: RunFacts, data: Data): void {
  run.hooks = [...run.hooks, ...readHookCalls(data.hooks)].slice(-KEPT_RUN_HOOKS);
}

function end(status: Status): Change {
  return (run, data, at) => {
    run.status = status;
    run.finishedAt = at;
    run.error = typeof data.error === 'string' ? data.error : null;
    run.owner = null;
  };
}

export const RUN_EVENTS: ReadonlyMap<string, Change> = new Map<string, Change>([
  ['run.created', () => undefined],
  ['run.started', claim],
  ['run.taken_over', claim],
  ['run.handed_back', (run) => void (run.owner = null)],
  ['run.paused', (run) => void (run.paused = true)],
  ['run.resumed', (run) => void (run.paused = false)],
  ['run.priority_changed', changePriority],
  ['run.cancel_requested', requestCancel],
  ['run.hooks', noteHooks],
  ['run.timed_out', (run) => void (run.timedOut = true)],
  ['run.completed', end('completed')],
  ['run.failed', end('failed')],
  ['run.cancelled', end('cancelled')],
]);

/** Apply an event to the run. Returns false for a type that is not known here. */
export function applyToRun(run: RunFacts, event: EventRecord): boolean {
  const change = RUN_EVENTS.get(event.type);
  change?.(run, event.data, toTime(event.at));
  return change !== undefined;
}
