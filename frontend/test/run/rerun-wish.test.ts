import { expect, test } from 'vitest';

import type { TreeDocument } from '../../src/builder/model/document';
import { marksOf, problemsOf, sortProblems, wishOf, withInputs, type Choices } from '../../src/run/rerun/wish';

const TASKS = [
  { id: 'a', name: 'A', inputs: { n: 1 } },
  { id: 'group', name: 'Group' },
  { id: 'b', name: 'B', parent_id: 'group' },
];
const DOCUMENT: TreeDocument = { tree: { name: 'T' }, tasks: TASKS, rest: {} };
const NOTHING: Choices = { scope: 'failed', selected: [], chosen: new Set(), latest: false, inputs: new Map() };

test('a wish names only what its scope takes and its definition has', () => {
  expect(wishOf({ ...NOTHING, selected: ['a'], chosen: new Set(['b']) }, DOCUMENT)).toEqual({ scope: 'failed', latest: false });
  expect(wishOf({ ...NOTHING, scope: 'selected', selected: ['b', 'gone'] }, DOCUMENT)).toEqual({ scope: 'chosen', latest: false, chosen: ['b'] });
  const inputs = new Map([['gone', {}], ['a', { n: 2 }]]);
  expect(wishOf({ ...NOTHING, scope: 'chosen', chosen: new Set(['b', 'a']), latest: true, inputs }, DOCUMENT)).toEqual({ scope: 'chosen', latest: true, chosen: ['a', 'b'], inputs: { a: { n: 2 } } });
});

test('inputs as they were are no change', () => {
  const changed = withInputs(new Map(), TASKS[0]!, { n: 2 });
  expect([...changed]).toEqual([['a', { n: 2 }]]);
  expect(withInputs(changed, TASKS[0]!, { n: 1 }).size).toBe(0);
});

test('the plan is marked on tasks, and not on groups', () => {
  const steps = [['a', 'reuse'], ['group', 'run'], ['b', 'cannot']].map(([task_id, fate]) => ({ task_id, fate, name: '', reason: '' }));
  expect([...marksOf({ summary: '', steps } as never, DOCUMENT)]).toEqual([['a', 'reuse'], ['b', 'cannot']]);
});

test('problems are sorted to the inputs that they are of', () => {
  const long = 'x'.repeat(80);
  const found = sortProblems([
    { path: '$.inputs.a.rows[1].n', message: 'must be a number' },
    { path: `$.inputs["${'x'.repeat(60)}"].n`, message: 'is too large' },
    { path: '$.parameters.day', message: 'is required' },
    { path: '$.chosen', message: 'names no task' },
  ]);
  expect(problemsOf('a', found.inputs)).toEqual([{ path: ['rows', 1, 'n'], message: 'must be a number' }]);
  expect(problemsOf(long, found.inputs)).toHaveLength(1);
  expect(found.parameters).toEqual([{ path: ['day'], message: 'is required' }]);
  expect(found.others).toEqual(['names no task']);
});
