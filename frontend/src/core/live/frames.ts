/** The frames of the live stream, as the server sends them: docs/reference/live-stream.md. */

/** What a run or a task run is doing; the five statuses of docs/states.md. */
export type Status = 'pending' | 'in_progress' | 'completed' | 'failed' | 'cancelled';

export type JSONValue = null | boolean | number | string | JSONValue[] | { [key: string]: JSONValue };

/** A time as it travels: ISO 8601. */
export type Timestamp = string;

/** A run, in a snapshot. */
export interface RunRecord {
  id: string;
  tree_id: string | null;
  tree_name: string;
  tree_version: number;
  status: Status;
  priority: number;
  trigger: string;
  requested_by: string | null;
  parameters: { [key: string]: JSONValue };
  parent_run_id: string | null;
  paused: boolean;
  cancel_requested_at: Timestamp | null;
  cancel_reason: string;
  error: string | null;
  queued_at: Timestamp;
  started_at: Timestamp | null;
  finished_at: Timestamp | null;
  task_count: number;
  max_concurrency: number | null;
  timeout_seconds: number | null;
  owner: string | null;
  /** The hooks that were called for the run itself. Files of runs that were kept before have none. */
  hooks?: JSONValue;
}

export interface DependencyRecord {
  id: string;
  required: boolean;
}

/** A task run, in a snapshot. `id` is the task's id in its tree; `pk` is the task run's own. */
export interface TaskRecord {
  pk: number;
  id: string;
  name: string;
  executor: string | null;
  parent_id: string | null;
  priority: number;
  enabled: boolean;
  position: { x: number; y: number } | null;
  dependencies: DependencyRecord[];
  status: Status;
  attempt: number;
  uncounted_attempts: number;
  max_attempts: number;
  progress: number;
  progress_message: string;
  error: string | null;
  error_type: string | null;
  first_cause: string | null;
  next_attempt_at: Timestamp | null;
  started_at: Timestamp | null;
  finished_at: Timestamp | null;
  worker: string | null;
  reused: boolean;
  pinned: boolean;
  timeout_seconds: number | null;
}

/** One event of a run's log: docs/events.md. */
export interface EventRecord {
  seq: number;
  type: string;
  task: string | null;
  data: { [key: string]: JSONValue };
  at: Timestamp;
}

/** One line of a task's log. `level` is a number of Python's `logging`. */
export interface LogLine {
  id: number;
  task: string;
  attempt: number;
  level: number;
  logger: string;
  message: string;
  at: Timestamp;
}

export interface SnapshotFrame {
  type: 'snapshot';
  as_of_seq: number;
  now: Timestamp;
  run: RunRecord;
  tasks: TaskRecord[];
}

/** Events without a hole from `after + 1` to `to`. */
export interface EventsFrame {
  type: 'events';
  after: number;
  to: number;
  now: Timestamp;
  events: EventRecord[];
}

export interface LogsFrame {
  type: 'logs';
  lines: LogLine[];
  log_after: number;
}

export interface PingFrame {
  type: 'ping';
  now: Timestamp;
}

/** The run has ended and everything was sent. */
export interface EndFrame {
  type: 'end';
  status: Status;
  seq: number;
}

export interface OverviewFrame {
  type: 'overview';
  now: Timestamp;
  counts: { [status: string]: number };
  active: { [key: string]: JSONValue }[];
  workers: { [key: string]: JSONValue }[];
}

export interface ErrorFrame {
  type: 'error';
  error: { code: string; message: string; path?: string | null; hint?: string | null };
}

export type Frame = SnapshotFrame | EventsFrame | LogsFrame | PingFrame | EndFrame | OverviewFrame | ErrorFrame;

/** What a client says over a WebSocket. */
export type ClientMessage =
  | { type: 'ack'; seq: number }
  | { type: 'logs'; on: true; log_after: number; task?: string }
  | { type: 'logs'; on: false }
  | { type: 'ping' };

const TYPES: ReadonlySet<string> = new Set(['snapshot', 'events', 'logs', 'ping', 'end', 'overview', 'error']);

/** Read one frame. Null for a type that is not known here: a newer server may send more than this page knows. */
export function readFrame(text: string): Frame | null {
  const value: unknown = JSON.parse(text);
  return isFrame(value) ? value : null;
}

/** Tell whether a value is a frame of a known type. */
export function isFrame(value: unknown): value is Frame {
  return typeof value === 'object' && value !== null && 'type' in value && TYPES.has(String(value.type));
}
