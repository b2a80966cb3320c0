/** A server that is not there: answers requests of the pages from made-up data. */

import type { JSONValue, LogLine, SnapshotFrame, TaskRecord } from '../src/core/live';
import { filterOf, matcher } from '../src/run/logs/filter';
import { lineOf, numberAfter } from './lines';

const NOW = Date.parse('2026-11-25T08:12:00Z');
const at = (seconds: number): string => new Date(NOW + seconds * 1000).toISOString();

const BASE: TaskRecord = {
  pk: 1, id: 'fetch', name: 'Fetch orders', executor: 'rest_executor', parent_id: null, priority: 2, enabled: true, position: null, dependencies: [],
  status: 'completed', attempt: 1, uncounted_attempts: 0, max_attempts: 3, progress: 1, progress_message: '', error: null, error_type: null, first_cause: null,
  next_attempt_at: null, started_at: at(-60), finished_at: at(-48), worker: 'worker-1', reused: false, pinned: false, timeout_seconds: 300,
};

const ERROR = `the server closed the connection\n${'  at etl.db.copy_records, attempt of a very long statement\n'.repeat(20)}`;

const TASKS: readonly Partial<TaskRecord>[] = [
  { id: 'fetch', name: 'Fetch orders' },
  { id: 'rates', name: 'Exchange rates', reused: true, attempt: 0, worker: null, started_at: null },
  { id: 'clean', name: 'Clean <b>rows</b>', executor: 'python_executor', status: 'in_progress', progress: 0.62, progress_message: '31,000 of 50,000 rows', finished_at: null, started_at: at(-40), dependencies: [{ id: 'fetch', required: true }, { id: 'rates', required: false }] },
  { id: 'load', name: 'Load into the warehouse', executor: 'sql_executor', priority: 0, status: 'failed', attempt: 3, error: ERROR.slice(0, 300), error_type: 'ConnectionResetError', started_at: at(-20), finished_at: at(-4), dependencies: [{ id: 'fetch', required: true }] },
  { id: 'retry', name: 'Send the mail', executor: 'email_executor', priority: 1, status: 'pending', attempt: 1, next_attempt_at: at(42), started_at: null, finished_at: null, dependencies: [{ id: 'fetch', required: true }] },
  { id: 'report', name: 'Report', executor: 'llm_executor', status: 'failed', attempt: 0, error: "Not run: 'Load into the warehouse' failed", error_type: 'dependency_failed', first_cause: 'load', started_at: null, finished_at: at(-4), dependencies: [{ id: 'clean', required: true }, { id: 'load', required: true }] },
  { id: 'publish', name: 'Publish', executor: 'rest_executor', priority: 3, status: 'pending', attempt: 0, started_at: null, finished_at: null, dependencies: [{ id: 'clean', required: true }] },
  { id: 'group', name: 'Nightly', executor: null, status: 'in_progress', finished_at: null },
];

export const SNAPSHOT: SnapshotFrame = {
  type: 'snapshot', as_of_seq: 40, now: at(0),
  run: {
    id: 'r', tree_id: 't', tree_name: 'Nightly import', tree_version: 3, status: 'in_progress', priority: 2, trigger: 'manual', requested_by: 'ada', parameters: {},
    parent_run_id: null, paused: false, cancel_requested_at: null, cancel_reason: '', error: null, queued_at: at(-65), started_at: at(-62), finished_at: null,
    task_count: TASKS.length, max_concurrency: null, timeout_seconds: null, owner: 'worker-1',
  },
  tasks: TASKS.map((task, index) => ({ ...BASE, ...task, pk: index + 1 })),
};

const ORDERS = Array.from({ length: 480 }, (_, n) => ({ id: 1000 + n, customer: ['Ada', 'Grace', '<script>alert(1)</script>', 'Edsger'][n % 4]!, total: (n * 13.37) % 400, paid: n % 3 > 0, note: n % 5 ? null : { vip: true } }));

const RESULTS: Readonly<Record<string, JSONValue>> = {
  fetch: { status: 'completed', result: { rows: ORDERS, day: '2026-11-25', source: { url: 'https://api.example.org/v2/orders', pages: 12 } } },
  rates: { result: { EUR: 1, USD: 1.08, GBP: 0.86 }, status: 'completed' },
};

const WHY: Readonly<Record<string, string>> = {
  retry: 'Failed 1 of 3 times: tried again in 42 s',
  report: "Not run: 'Load into the warehouse' failed",
  publish: "Waiting for 'Clean <b>rows</b>' (required, running for 40 s)",
};

function taskRun(id: string, isFull: boolean): JSONValue {
  const task = SNAPSHOT.tasks.find((each) => each.id === id)!;
  const isBig = id === 'rates' && !isFull;
  const result = RESULTS[id] ?? null;
  const failed = (attempt: number): JSONValue => ({ attempt, outcome: 'failed', error: 'timeout: the server did not answer in 30 s', error_type: 'timeout', started_at: at(-50 + attempt * 5), finished_at: at(-47 + attempt * 5), worker: 'worker-2' });
  const last = { attempt: task.attempt, outcome: task.status, error: id === 'load' ? ERROR : null, error_type: task.error_type, started_at: task.started_at, finished_at: task.finished_at, worker: task.worker };
  return {
    ...(task as unknown as { [key: string]: JSONValue }),
    inputs: { table: 'orders', rows: '{{ tasks["Fetch orders"].result.rows }}', batch: 500, token: '••••••••', options: { upsert: true, on: ['id'] } }, inputs_bytes: 120,
    ...(task.started_at === null ? { resolved_inputs: null, resolved_inputs_bytes: null } : { resolved_inputs: { EUR: 1, USD: 1.08, day: '2026-11-25', table: 'orders', rows: ORDERS.slice(0, 40), batch: 500, token: '••••••••', options: { upsert: true, on: ['id'] } }, resolved_inputs_bytes: 4_321 }),
    result: isBig ? null : result, result_bytes: isBig ? 3_400_000 : result === null ? null : JSON.stringify(result).length,
    params: null, params_bytes: null, schemas: null, schemas_bytes: null, retry: {}, cancel_reason: null, error: id === 'load' ? ERROR : task.error,
    reused_from: task.reused ? { run: 'earlier', task: id } : null, why: WHY[id] ?? 'It ran and completed',
    attempts: task.attempt === 0 ? [] : [...Array.from({ length: task.attempt - 1 }, (_, n) => failed(n + 1)), last],
  };
}

function logs(query: URLSearchParams, count: number): JSONValue {
  const [after, limit] = [Number(query.get('after')), Number(query.get('limit'))];
  const before = query.get('before');
  const matches = matcher(filterOf(query));
  const items: LogLine[] = [];
  if (before !== null) {
    for (let n = Math.min(count, numberAfter(Number(before) - 1)) - 1; n >= numberAfter(after) && items.length < limit; n -= 1) if (matches(lineOf(n))) items.push(lineOf(n));
    items.reverse();
  } else for (let n = numberAfter(after); n < count && items.length < limit; n += 1) if (matches(lineOf(n))) items.push(lineOf(n));
  return { items: items as unknown as JSONValue, next: null, log_after: items.at(-1)?.id ?? after };
}

/** Answer like the server; the log has `count` lines. */
export function serve(count: number): typeof fetch {
  return async (input) => {
    const url = new URL(String(input), location.href);
    const [, task, rest] = /\/tasks\/([^/]+)(?:\/(\w+))?$/.exec(url.pathname) ?? [];
    const body = url.pathname.endsWith('/logs') ? logs(url.searchParams, count)
      : task === undefined ? null
      : rest === 'why' ? { why: WHY[task] ?? '' }
      : rest === 'result' ? RESULTS[task] ?? null
      : taskRun(task, url.searchParams.get('full') === 'true');
    await new Promise((resolve) => setTimeout(resolve, 15));
    return new Response(JSON.stringify(body), { status: 200 });
  };
}

export { NOW };
