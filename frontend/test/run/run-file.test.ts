import { describe, expect, it } from 'vitest';

import { createApi } from '../../src/core/api';
import { isRefusal, readRunFile, type RunFile } from '../../src/run/file/reading';
import { StoredRun } from '../../src/run/file/stored-run';

const AT = '2026-03-01T12:00:00Z';

function task(id: string, more: object = {}): object {
  return {
    ...{ pk: 1, id, name: id, executor: 'echo', parent_id: null, priority: 2, enabled: true, position: null, dependencies: [], status: 'completed' },
    ...{ attempt: 1, uncounted_attempts: 0, max_attempts: 1, progress: 1, progress_message: '', error: null, error_type: null, first_cause: null },
    ...{ next_attempt_at: null, started_at: AT, finished_at: AT, worker: 'w', reused: false, pinned: false, timeout_seconds: null },
    ...{ resolved_inputs: { n: 1 }, resolved_inputs_bytes: 7, result: { n: 1 }, result_bytes: 7, cancel_reason: null, reused_from: null, attempts: [] },
    ...more,
  };
}

function file(more: object = {}): object {
  const run = {
    ...{ id: 'r1', tree_id: 't1', tree_name: 'T', tree_version: 1, status: 'completed', priority: 2, trigger: 'manual', requested_by: null, parameters: {} },
    ...{ parent_run_id: 'r0', paused: false, cancel_requested_at: null, cancel_reason: '', error: null, queued_at: AT, started_at: AT, finished_at: AT },
    ...{ task_count: 2, max_concurrency: null, timeout_seconds: null, owner: null },
  };
  return {
    ...{ format: 'apflow-run', version: 1, saved_at: AT, as_of_seq: 3, run },
    definition: { format: 'apflow-tree', version: 1, tree: { name: 'T' }, tasks: [{ id: 'a/b', name: 'A', inputs: { n: 'ä' } }, { id: 'c', name: 'C' }] },
    tasks: [task('a/b'), task('c', { result: null, result_bytes: 900 })],
    events: [1, 2, 3].map((seq) => ({ seq, type: 'run.created', task: null, data: {}, at: AT })),
    logs: [1, 5, 9].map((id) => ({ id, task: 'c', attempt: 1, level: 20, logger: '', message: `Line ${id}`, at: AT })),
    ...{ left_out: [], ...more },
  };
}

function read(value: object): RunFile {
  const found = readRunFile(JSON.stringify(value));
  if (isRefusal(found)) throw new Error(JSON.stringify(found));
  return found;
}

function paths(value: object): string[] {
  const found = readRunFile(JSON.stringify(value));
  return isRefusal(found) ? found.complaints.map(({ path }) => path) : [];
}

describe('reading', () => {
  it('takes a whole file, and fields that are newer than this page', () => {
    expect(read(file({ later: 1 })).tasks).toHaveLength(2);
  });

  it('tells every place that is wrong, up to a number', () => {
    expect(paths(file({ tasks: [task('a/b', { status: 'x', attempt: '1' }), task('c', { position: { x: 1 } })] }))).toEqual([
      '$.tasks[0].status', '$.tasks[0].attempt', '$.tasks[1].position.y',
    ]);
    const many = readRunFile(JSON.stringify(file({ logs: Array(50).fill(null) })));
    expect(isRefusal(many) && [many.complaints.length, many.more]).toEqual([20, 30]);
  });

  it('wants each task of the definition once', () => {
    expect(paths(file({ tasks: [task('c'), task('c')] }))).toEqual(['$.tasks[1].id', '$.tasks']);
  });

  it('takes events that end early, and none with a hole', () => {
    expect(paths(file({ events: [] }))).toEqual([]);
    expect(paths(file({ events: [{ seq: 2, type: 'x', task: null, data: {}, at: AT }] }))).toEqual(['$.events[0].seq']);
  });
});

describe('a run in the server’s place', () => {
  const stored = new StoredRun(read(file()));
  const api = createApi({ apiBase: 'http://site.test/api/v1', csrf: '' }, { fetch: stored.fetch });

  it('answers what is asked of a run, without what leads elsewhere', async () => {
    const run = await api.runs.get('r1');
    expect([run.status, run.tree_id, run.parent_run_id, run.may.steer]).toEqual(['completed', null, null, false]);
    expect(await api.runs.definition('r1')).toEqual(stored.file.definition);
    expect(await api.executors()).toEqual([]);
  });

  it('puts a task together from its definition and its outcome', async () => {
    const found = await api.runs.task('r1', 'a/b');
    expect([found.inputs, found.inputs_bytes, found.params, found.result]).toEqual([{ n: 'ä' }, 10, {}, { n: 1 }]);
    expect(await api.runs.result('r1', 'a/b')).toEqual({ n: 1 });
    await expect(api.runs.result('r1', 'c')).rejects.toMatchObject({ status: 404 });
  });

  it('answers pages of events and of lines', async () => {
    const page = await api.client.get<{ items: { seq: number }[]; next: string | null }>('/runs/r1/history', { after: 1, limit: 1 });
    expect([page.items.map(({ seq }) => seq), page.next]).toEqual([[2], '2']);
    const lines = await api.client.get<{ items: { id: number }[] }>('/runs/r1/logs', { before: 9, after: 0, limit: 1, q: 'line' });
    expect(lines.items.map(({ id }) => id)).toEqual([5]);
  });

  it('refuses acts, other runs, and what it does not know', async () => {
    await expect(api.runs.steer('r1', 'cancel')).rejects.toMatchObject({ status: 404 });
    await expect(api.runs.get('r2')).rejects.toMatchObject({ status: 404 });
    await expect(api.client.get('/runs/r1/later')).rejects.toMatchObject({ status: 404 });
  });
});
