/** Reading a saved run: docs/reference/run-file.md. What is not as it must be is refused, with its place. */

import type { Attempt, JSONObject } from '../../core/api';
import type { EventRecord, JSONValue, LogLine, RunRecord, TaskRecord } from '../../core/live';
import { openDocument } from '../../builder/model/document';
import { Complaints, fields, flag, listOf, number, object, oneOf, orNull, text, time, type Complaint } from './checking';
import { say } from './words';

export const FORMAT = 'apflow-run';
export const VERSION = 1;
/** Megabytes of a file that a browser reads without trouble. */
export const MOST_MB = 256;

/** A task of the file: its state, and what it made. */
export interface StoredTask extends TaskRecord {
  readonly resolved_inputs: JSONValue;
  readonly resolved_inputs_bytes: number | null;
  readonly result: JSONValue;
  readonly result_bytes: number | null;
  readonly cancel_reason: string | null;
  readonly reused_from: { run: string; task: string } | null;
  readonly attempts: Attempt[];
}

export interface LeftOut {
  readonly what: string;
  readonly count: number;
}

export interface RunFile {
  readonly saved_at: string;
  readonly as_of_seq: number;
  readonly run: RunRecord;
  readonly definition: JSONObject;
  readonly tasks: readonly StoredTask[];
  readonly events: readonly EventRecord[];
  readonly logs: readonly LogLine[];
  readonly left_out: readonly LeftOut[];
}

/** Why a file can't be opened; `more` complaints are not listed. */
export interface Refusal {
  readonly complaints: readonly Complaint[];
  readonly more: number;
}

const status = oneOf(['pending', 'in_progress', 'completed', 'failed', 'cancelled']);

const RUN = fields({
  id: text, tree_name: text, tree_version: number, status, priority: number, trigger: text, requested_by: orNull(text), parameters: object,
  paused: flag, cancel_requested_at: orNull(time), cancel_reason: text, error: orNull(text), queued_at: time, started_at: orNull(time),
  finished_at: orNull(time), task_count: number, max_concurrency: orNull(number), timeout_seconds: orNull(number), owner: orNull(text),
});

const ATTEMPT = fields({
  attempt: number, outcome: text, error: orNull(text), error_type: orNull(text), started_at: orNull(time), finished_at: orNull(time), worker: orNull(text),
});

const TASK = fields({
  pk: number, id: text, name: text, executor: orNull(text), parent_id: orNull(text), priority: number, enabled: flag,
  position: orNull(fields({ x: number, y: number })), dependencies: listOf(fields({ id: text, required: flag })), status, attempt: number,
  uncounted_attempts: number, max_attempts: number, progress: number, progress_message: text, error: orNull(text), error_type: orNull(text),
  first_cause: orNull(text), next_attempt_at: orNull(time), started_at: orNull(time), finished_at: orNull(time), worker: orNull(text),
  reused: flag, pinned: flag, timeout_seconds: orNull(number), resolved_inputs_bytes: orNull(number), result_bytes: orNull(number),
  cancel_reason: orNull(text), reused_from: orNull(fields({ run: text, task: text })), attempts: listOf(ATTEMPT),
});

const EVENT = fields({ seq: number, type: text, task: orNull(text), data: object, at: time });
const LINE = fields({ id: number, task: text, attempt: number, level: number, logger: text, message: text, at: time });

const FILE = fields({
  saved_at: time, as_of_seq: number, run: RUN, definition: object, tasks: listOf(TASK), events: listOf(EVENT), logs: listOf(LINE),
  left_out: listOf(fields({ what: text, count: number })),
});

/** Read the text of a file. */
export function readRunFile(source: string): RunFile | Refusal {
  let value: JSONValue;
  try {
    value = JSON.parse(source) as JSONValue;
  } catch (error) {
    return refusal('$', say('file.json', { why: (error as Error).message }));
  }
  const complaints = new Complaints();
  if (!object(value, '$', complaints)) return refused(complaints);
  const { format, version } = value as JSONObject;
  if (format !== FORMAT) return refusal('$.format', say('file.format', { format: FORMAT }));
  if (version !== VERSION) return refusal('$.version', say('file.version', { version: JSON.stringify(version) ?? '?', known: VERSION }));
  if (!FILE(value, '$', complaints)) return refused(complaints);
  const file = value as unknown as RunFile;
  checkWhole(file, complaints);
  return complaints.count ? refused(complaints) : file;
}

export function isRefusal(read: RunFile | Refusal): read is Refusal {
  return 'complaints' in read;
}

/** What is right by itself may not fit together. */
function checkWhole({ run, definition, tasks, events, logs }: RunFile, complaints: Complaints): void {
  const opened = openDocument(definition, run.tree_name);
  if ('refusal' in opened) return complaints.add('$.definition', opened.refusal);
  const defined = new Set(opened.document.tasks.map(({ id }) => id));
  const told = new Set<string>();
  for (const [index, { id }] of tasks.entries()) {
    if (told.has(id)) complaints.add(`$.tasks[${index}].id`, say('must.once', { id }));
    else if (!defined.has(id)) complaints.add(`$.tasks[${index}].id`, say('must.known', { id }));
    told.add(id);
  }
  for (const id of defined) if (!told.has(id)) complaints.add('$.tasks', say('must.tell', { id }));
  for (const [index, { seq }] of events.entries()) {
    if (seq !== index + 1) return complaints.add(`$.events[${index}].seq`, say('must.seq', { wanted: index + 1 }));
  }
  for (let index = 1; index < logs.length; index += 1) {
    if (logs[index]!.id <= logs[index - 1]!.id) return complaints.add(`$.logs[${index}].id`, say('must.rise'));
  }
}

function refusal(path: string, message: string): Refusal {
  return { complaints: [{ path, message }], more: 0 };
}

function refused({ kept, count }: Complaints): Refusal {
  return { complaints: kept, more: count - kept.length };
}
