/** Frames and records for tests. */

import type {
  EventRecord,
  EventsFrame,
  JSONValue,
  LogLine,
  RunRecord,
  SnapshotFrame,
  TaskRecord,
} from '../src/core/live';

export const BEGAN = Date.parse('2030-01-01T00:00:00Z');

export function at(seconds: number): string {
  return new Date(BEGAN + seconds * 1000).toISOString();
}

export function runRecord(fields: Partial<RunRecord> = {}): RunRecord {
  return {
    id: 'r1',
    tree_id: 't1',
    tree_name: 'Tree',
    tree_version: 1,
    status: 'in_progress',
    priority: 2,
    trigger: 'manual',
    requested_by: 'ann',
    parameters: {},
    parent_run_id: null,
    paused: false,
    cancel_requested_at: null,
    cancel_reason: '',
    error: null,
    queued_at: at(0),
    started_at: at(1),
    finished_at: null,
    task_count: 1,
    max_concurrency: null,
    timeout_seconds: null,
    owner: 'worker-1',
    ...fields,
  };
}

export function taskRecord(id: string, fields: Partial<TaskRecord> = {}): TaskRecord {
  return {
    pk: 1,
    id,
    name: id,
    executor: 'echo',
    parent_id: null,
    priority: 2,
    enabled: true,
    position: null,
    dependencies: [],
    status: 'pending',
    attempt: 0,
    uncounted_attempts: 0,
    max_attempts: 3,
    progress: 0,
    progress_message: '',
    error: null,
    error_type: null,
    first_cause: null,
    next_attempt_at: null,
    started_at: null,
    finished_at: null,
    worker: null,
    reused: false,
    pinned: false,
    timeout_seconds: null,
    ...fields,
  };
}

export function snapshot(seq: number, tasks: TaskRecord[] = [], run: Partial<RunRecord> = {}): SnapshotFrame {
  return { type: 'snapshot', as_of_seq: seq, now: at(seq), run: runRecord(run), tasks };
}

export function event(
  seq: number,
  type: string,
  task: string | null = null,
  data: { [key: string]: JSONValue } = {},
): EventRecord {
  return { seq, type, task, data, at: at(seq) };
}

/** Events `after + 1` to `to`, of no matter what. */
export function events(after: number, to: number): EventsFrame {
  const records = Array.from({ length: to - after }, (_, index) => event(after + 1 + index, 'task.progress', 'a'));
  return { type: 'events', after, to, now: at(to), events: records };
}

export function line(id: number, task = 'a'): LogLine {
  return { id, task, attempt: 1, level: 20, logger: 'x', message: `line ${id}`, at: at(id) };
}
