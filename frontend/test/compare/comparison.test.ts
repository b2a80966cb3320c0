import { expect, test } from 'vitest';

import type { Run } from '../../src/core/api';
import type { TaskRecord } from '../../src/core/live';
import { fromSnapshot } from '../../src/core/run-state';
import type { Task } from '../../src/builder/model/document';
import type { JSONObject } from '../../src/builder/model/json';
import { compareRuns, isOtherDuration, isSameDefinition, type Comparison, type Side } from '../../src/compare/model/comparison';
import { firstDifference } from '../../src/compare/model/first';
import { matchTasks } from '../../src/compare/model/matching';
import { startOrderOf } from '../../src/compare/model/start-order';
import { diffValues } from '../../src/compare/model/values';

/** A task that ran, in few words: when it started and ended, what it was given and gave. */
interface Ran {
  readonly id: string;
  readonly after?: readonly string[];
  readonly from?: number | null;
  readonly to?: number;
  readonly gave?: string | null;
  readonly got?: string | null;
  readonly record?: Partial<TaskRecord>;
  readonly task?: JSONObject;
}

const START = Date.parse('2026-01-01T00:00:00Z');
const at = (ms: number) => new Date(START + ms).toISOString();

function side(ran: readonly Ran[], run: Partial<Run> = {}): Side {
  const whole = {
    id: 'run', tree_id: 'tree', tree_name: 'T', tree_version: 1, status: 'completed', parameters: {}, queued_at: at(0), started_at: at(0), finished_at: at(9_000), last_seq: 1,
    counts: {}, reruns: [], first_causes: [], cancel_requested_at: null, paused: false, ...run,
  } as unknown as Run;
  const tasks = ran.map(({ id, after = [], from = 0, to = 100, record = {} }) => ({
    pk: 1, id, name: id, executor: 'echo', parent_id: null, priority: 2, enabled: true, position: null, dependencies: after.map((other) => ({ id: other, required: true })),
    status: 'completed', attempt: 1, uncounted_attempts: 0, max_attempts: 1, progress: 1, progress_message: '', error: null, error_type: null, first_cause: null,
    next_attempt_at: null, started_at: from === null ? null : at(from), finished_at: at(to), worker: null, reused: false, pinned: false, timeout_seconds: null, ...record,
  })) as TaskRecord[];
  return {
    run: whole,
    state: fromSnapshot({ type: 'snapshot', as_of_seq: 1, now: at(0), run: whole, tasks }),
    document: {
      tree: { name: 'T' },
      rest: {},
      tasks: ran.map(({ id, after = [], task = {}, record = {} }) => ({ id, name: record.name ?? id, executor: 'echo', dependencies: after.map((other) => ({ id: other, required: true })), ...task }) as Task),
    },
    digests: new Map(ran.map(({ id, got = 'got', gave = 'gave' }) => [id, { id, inputs: 'own', resolved_inputs: got, result: gave }])),
  };
}

const kinds = ({ rows }: Comparison) => Object.fromEntries(rows.map((row) => [row.id, row.kinds]));
const A: Ran = { id: 'a', from: 0 };
const B: Ran = { id: 'b', after: ['a'], from: 100 };
const C: Ran = { id: 'c', after: ['b'], from: 200 };

test('two runs of the same that came to the same do not differ', () => {
  const compared = compareRuns(side([A, B]), side([A, B]));
  expect(kinds(compared)).toEqual({ a: [], b: [] });
  expect(compared.first).toBeNull();
  expect(isSameDefinition(compared)).toBe(true);
  expect(firstDifference(compared, null)).toMatch(/^Nothing differs/);
});

test.each<[string, Ran, readonly string[], RegExp]>([
  ['another result', { ...B, gave: 'x' }, ['result'], /“b” gave another result from the same inputs/],
  ['other inputs', { ...B, got: 'x', gave: 'x' }, ['inputs', 'result'], /“b” got other inputs.*Its result is another too/],
  ['a failure', { ...B, gave: null, record: { status: 'failed', error: 'It broke', error_type: 'x' } }, ['outcome'], /“b” ended otherwise from the same inputs: completed on the left, failed \(It broke\) on the right/],
  ['another executor', { ...B, task: { executor: 'sleep' } }, ['definition'], /“b” is defined otherwise: executor \("echo" on the left, "sleep" on the right\)/],
  ['a dependency less', { ...B, after: [] }, ['definition'], /“b” is defined otherwise: what it waits for/],
  ['switched off', { ...B, task: { enabled: false } }, ['definition'], /enabled \(true on the left, false on the right\)/],
])('a single change, %s, is the first difference', (_, changed, expected, sentence) => {
  const compared = compareRuns(side([A, B, C]), side([A, changed, { ...C, gave: 'follows' }]));
  expect(kinds(compared)).toEqual({ a: [], b: expected, c: ['result'] });
  expect(compared.first?.id).toBe('b');
  expect(firstDifference(compared, null)).toMatch(sentence);
});

test('a task that one run does not have is on its side only', () => {
  const compared = compareRuns(side([A, B, C]), side([A, { ...C, after: ['a'] }, { id: 'd', after: ['a'], from: 50 }]));
  expect(kinds(compared)).toEqual({ a: [], d: ['only_right'], b: ['only_left'], c: ['definition'] });
  expect(compared.rows.at(-1)!.edges).toEqual([{ from: 'b', kind: 'only_left' }, { from: 'a', kind: 'only_right' }]);
  expect(compared.document.tasks.find(({ id }) => id === 'c')!.dependencies).toHaveLength(2);
  expect(firstDifference(compared, null)).toBe('“d” is in the right run only.');
});

test('a duration is another one by a lot only, and names no first difference', () => {
  expect([isOtherDuration(100, 1_050), isOtherDuration(1_000, 2_500), isOtherDuration(9_000, 12_000), isOtherDuration(null, 9_000)]).toEqual([false, true, false, false]);
  const compared = compareRuns(side([A, B]), side([A, { ...B, to: 5_000 }]));
  expect(kinds(compared)).toEqual({ a: [], b: ['duration'] });
  expect(compared.first).toBeNull();
  expect(firstDifference(compared, null)).toMatch(/^Only durations differ/);
});

test('what one run took over from the other has its result, and no inputs that could differ', () => {
  const reused: Ran = { ...B, from: null, got: null, record: { reused: true, attempt: 0 } };
  expect(kinds(compareRuns(side([A, B]), side([A, reused])))).toEqual({ a: [], b: [] });
  const compared = compareRuns(side([A, B]), side([A, { ...reused, gave: 'x' }]));
  expect(firstDifference(compared, null)).toBe('“b” gave another result.');
});

test('other parameters are named before the first task', () => {
  const compared = compareRuns(side([A], { parameters: { day: 1 } }), side([{ ...A, got: 'x' }], { parameters: { day: 2 } }));
  expect(firstDifference(compared, { inputs: [{ path: ['day'], before: 1, after: 2 }], result: null })).toBe(
    'They were started with other settings: parameters.day (1 on the left, 2 on the right). “a” got other inputs, at $.day (1 on the left, 2 on the right).',
  );
  expect(isSameDefinition(compared)).toBe(true);
});

test('a secret that is another one differs, although it looks the same', () => {
  const left = side([A]);
  const right = { ...left, digests: new Map([['a', { ...left.digests.get('a')!, inputs: 'other' }]]) };
  const compared = compareRuns(left, right);
  expect(kinds(compared)).toEqual({ a: ['definition'] });
  expect(firstDifference(compared, null)).toBe('“a” is defined otherwise: something in its inputs that is not shown to you.');
});

test('tasks are matched by id, and then by a name that is one task’s alone', () => {
  const task = (id: string, name: string): Task => ({ id, name });
  const left = [task('1', 'fetch'), task('2', 'load'), task('3', 'twice'), task('4', 'twice')];
  const right = [task('x', 'load'), task('1', 'renamed'), task('y', 'twice'), task('z', 'fetch')];
  expect([...matchTasks(left, right)]).toEqual([['1', '1'], ['x', '2']]);
  const other = side([{ id: 'A', record: { name: 'a' } }, { id: 'B', after: ['A'], from: 100, record: { name: 'b' } }], { tree_id: 'other' });
  const compared = compareRuns(side([A, B]), other);
  expect(kinds(compared)).toEqual({ a: [], b: [] });
  expect(compared.rows[1]!.right!.id).toBe('B');
});

test('what a task waits for comes before it, and a cycle of two definitions ends', () => {
  const tasks = [{ id: 'late', name: 'late', dependencies: [{ id: 'early', required: true }] }, { id: 'early', name: 'early' }] as Task[];
  const order = (offsets: Record<string, number>, list = tasks) => startOrderOf({ tree: { name: 'T' }, rest: {}, tasks: list }, (id) => offsets[id]!);
  expect(order({ late: 0, early: 500 })).toEqual(['early', 'late']);
  const cycle = [tasks[0]!, { ...tasks[1]!, dependencies: [{ id: 'late', required: true }] }] as Task[];
  expect(order({ late: Infinity, early: Infinity }, cycle)).toEqual(['late', 'early']);
  expect(order({ late: 3, early: 2 }, cycle)).toEqual(['early', 'late']);
});

test('values differ where they do: by key, and in lists without what is the same around it', () => {
  expect(diffValues({ a: 1, b: { c: [1, 2, 3] } }, { a: 1, b: { c: [1, 9, 3] }, d: null })).toEqual([
    { path: ['b', 'c', 1], before: 2, after: 9 },
    { path: ['d'], before: undefined, after: null },
  ]);
  expect(diffValues([1, 2, 3], [1, 3])).toEqual([{ path: [1], before: 2, after: undefined }]);
  expect(diffValues([1, 3], [1, 2, 3])).toEqual([{ path: [1], before: undefined, after: 2 }]);
  expect(diffValues(1, '1')).toEqual([{ path: [], before: 1, after: '1' }]);
  expect(diffValues(Array(500).fill(0), Array(500).fill(1), 20)).toHaveLength(20);
});
