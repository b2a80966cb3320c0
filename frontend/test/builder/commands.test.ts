import { describe, expect, it } from 'vitest';
import { bindingsOf } from '../../src/builder/model/bindings';
import {
  addTask,
  connect,
  disconnect,
  dropOnEdge,
  duplicateTasks,
  groupTasks,
  moveTasks,
  removeAndReconnect,
  removeTasks,
  renameTask,
  reorder,
  reparent,
  setField,
  setInput,
  setInputs,
  setRequired,
  setTreeField,
  splitEdge,
  ungroup,
} from '../../src/builder/model/commands';
import type { Task, TreeDocument } from '../../src/builder/model/document';
import { applyChanges, isEmpty, type Edit } from '../../src/builder/model/edit';
import { TaskGraph } from '../../src/builder/model/graph';
import { dependenciesOf, parentOf, positionOf } from '../../src/builder/model/task';
import { chances } from '../run-model';
import { counter, meanings, pick, randomDocument, SEEDS } from './worlds';

function tree(...tasks: object[]): TreeDocument {
  return {
    tree: { name: 'Tree' },
    rest: {},
    tasks: tasks.map((task, index) => ({ name: `T${index}`, ...task })) as Task[],
  };
}

function after(document: TreeDocument, edit: Edit): TreeDocument {
  return applyChanges(document, edit.changes);
}

function edges(document: TreeDocument): string[] {
  return document.tasks.flatMap((task) =>
    dependenciesOf(task).map(({ id, required }) => `${id}${required ? '→' : '⇢'}${task.id}`),
  );
}

const CHAIN = tree(
  { id: 'a' },
  { id: 'b', dependencies: ['a'] },
  { id: 'c', dependencies: [{ id: 'b', required: false }, 'a'] },
);

describe('edges', () => {
  it('are added at the end, once, and never to the task itself', () => {
    expect(edges(after(CHAIN, connect(CHAIN, { from: 'c', to: 'a' }, false)))).toContain('c⇢a');
    expect(isEmpty(connect(CHAIN, { from: 'a', to: 'b' }))).toBe(true);
    expect(isEmpty(connect(CHAIN, { from: 'a', to: 'a' }))).toBe(true);
    expect(isEmpty(connect(CHAIN, { from: 'a', to: 'gone' }))).toBe(true);
  });

  it('are taken away, and become optional and required again', () => {
    expect(edges(after(CHAIN, disconnect(CHAIN, [{ from: 'b', to: 'c' }])))).toEqual(['a→b', 'a→c']);
    const optional = after(CHAIN, setRequired(CHAIN, [{ from: 'a', to: 'b' }], false));
    expect(edges(optional)).toEqual(['a⇢b', 'b⇢c', 'a→c']);
    expect(isEmpty(setRequired(CHAIN, [{ from: 'a', to: 'b' }], true))).toBe(true);
  });

  it('are split by a new task, which takes the place of the old edge and how it was required', () => {
    const split = after(CHAIN, splitEdge(CHAIN, { from: 'b', to: 'c' }, { id: 'n', name: 'N' }));
    expect(edges(split)).toEqual(['a→b', 'n⇢c', 'a→c', 'b→n']);
  });

  it('are split by a task that is there', () => {
    const document = tree({ id: 'a' }, { id: 'b', dependencies: ['a'] }, { id: 'x', dependencies: ['y'] }, { id: 'y' });
    expect(edges(after(document, dropOnEdge(document, { from: 'a', to: 'b' }, 'x')))).toEqual(['x→b', 'y→x', 'a→x']);
  });
});

describe('deleting', () => {
  it('takes the edges along', () => {
    const left = after(CHAIN, removeTasks(CHAIN, ['b', 'gone']));
    expect(left.tasks.map((task) => task.id)).toEqual(['a', 'c']);
    expect(edges(left)).toEqual(['a→c']);
  });

  it('reconnects what waited for what was deleted, without doubling an edge', () => {
    expect(edges(after(CHAIN, removeAndReconnect(CHAIN, ['b'])))).toEqual(['a→c']);
    const document = tree(
      { id: 'a' },
      { id: 'b', dependencies: [{ id: 'a', required: false }] },
      { id: 'c', dependencies: ['b'] },
    );
    expect(edges(after(document, removeAndReconnect(document, ['b'])))).toEqual(['a⇢c']);
  });

  it.each(SEEDS)('reconnects so that all who are left wait for whom they waited (seed %i)', (seed) => {
    const chance = chances(seed);
    const document = randomDocument(chance, 14);
    // Groups wait for their children, which is another way of waiting: without them here.
    const flat = { ...document, tasks: document.tasks.map((task) => ({ ...task, parent_id: null })) };
    const gone = new Set(flat.tasks.filter(() => chance() < 0.3).map((task) => task.id));
    const before = new TaskGraph(flat);
    const now = new TaskGraph(after(flat, removeAndReconnect(flat, gone)));
    for (const { id } of flat.tasks.filter((task) => !gone.has(task.id))) {
      expect(now.ancestors(id)).toEqual(new Set([...before.ancestors(id)].filter((other) => !gone.has(other))));
    }
  });

  it('lets children move up to the next parent that stays', () => {
    const document = tree(
      { id: 'o' },
      { id: 'g', parent_id: 'o' },
      { id: 'h', parent_id: 'g' },
      { id: 'c', parent_id: 'h' },
    );
    const left = after(document, removeTasks(document, ['g', 'h']));
    expect(left.tasks.map(parentOf)).toEqual([null, 'o']);
  });

  it('copes with parents in a cycle', () => {
    const document = tree({ id: 'a', parent_id: 'b' }, { id: 'b', parent_id: 'a' }, { id: 'c', parent_id: 'a' });
    expect(after(document, removeTasks(document, ['a', 'b'])).tasks.map(parentOf)).toEqual([null]);
  });
});

describe('renaming', () => {
  const document = tree(
    { id: 'a', name: 'fetch' },
    { id: 'b', name: 'other' },
    {
      id: 'c',
      name: 'use',
      inputs: { x: '{{ tasks.fetch.result.rows }}', y: ['tasks.fetch', "{{ tasks['other'].error }}"] },
    },
  );

  it('renames bindings, and text outside of expressions not', () => {
    const renamed = after(document, renameTask(document, 'a', 'Fetch users'));
    expect(renamed.tasks[2]!.inputs).toEqual({
      x: '{{ tasks["Fetch users"].result.rows }}',
      y: ['tasks.fetch', "{{ tasks['other'].error }}"],
    });
  });

  it('names tasks by id where names come to be shared, so that bindings keep what they mean', () => {
    const renamed = after(document, renameTask(document, 'a', 'other'));
    expect(renamed.tasks[2]!.inputs).toEqual({
      x: '{{ tasks.a.result.rows }}',
      y: ['tasks.fetch', '{{ tasks.b.error }}'],
    });
  });

  it.each(SEEDS)('never changes what a binding means (seed %i)', (seed) => {
    const chance = chances(seed);
    let now = randomDocument(chance, 10);
    const before = meanings(now, bindingsOf);
    for (let step = 0; step < 20; step += 1) {
      now = after(
        now,
        renameTask(now, pick(chance, now.tasks).id, pick(chance, ['x', 'a b', 'Task 2', 'items', 'Ünï'])),
      );
      expect(meanings(now, bindingsOf)).toEqual(before);
    }
  });
});

describe('fields', () => {
  it('are left out when they are as by default', () => {
    const document = tree({ id: 'a', priority: 0, notes: 'x' });
    expect(after(document, setField(document, ['a'], 'priority', 2)).tasks[0]).toEqual({
      id: 'a',
      name: 'T0',
      notes: 'x',
    });
    expect(isEmpty(setField(document, ['a'], 'priority', 0))).toBe(true);
    expect(isEmpty(setField(document, ['a'], 'enabled', true))).toBe(true);
  });

  it('are set for many tasks in one step', () => {
    const edit = setField(CHAIN, ['a', 'c', 'gone'], 'priority', 1);
    expect(edit.changes).toHaveLength(2);
    expect(edit.label).toBe('Change priority of 2 tasks');
  });

  it('of inputs are set one by one and all at once', () => {
    const document = tree({ id: 'a', inputs: { x: 1 } });
    expect(after(document, setInput(document, 'a', ['y', 'z'], [])).tasks[0]!.inputs).toEqual({ x: 1, y: { z: [] } });
    expect(after(document, setInput(document, 'a', ['x'], undefined)).tasks[0]).toEqual({ id: 'a', name: 'T0' });
    expect(after(document, setInputs(document, 'a', { q: null })).tasks[0]!.inputs).toEqual({ q: null });
  });

  it('of the tree', () => {
    expect(after(CHAIN, setTreeField(CHAIN, 'max_concurrency', 3)).tree).toEqual({ name: 'Tree', max_concurrency: 3 });
    expect(isEmpty(setTreeField(CHAIN, 'tags', []))).toBe(true);
  });
});

describe('groups', () => {
  const placed = tree(
    { id: 'a', position: { x: 100, y: 40, z: 1 } },
    { id: 'b', position: { x: 60, y: 90 } },
    { id: 'c', dependencies: ['a'] },
  );

  it('take tasks in where they stand', () => {
    const grouped = after(placed, groupTasks(placed, ['a', 'b'], { id: 'g', name: 'G' }));
    expect(grouped.tasks.map(({ id }) => id)).toEqual(['g', 'a', 'b', 'c']);
    expect(grouped.tasks[0]).toEqual({ id: 'g', name: 'G', position: { x: 60, y: 40 } });
    expect(grouped.tasks[1]).toMatchObject({ parent_id: 'g', position: { x: 40, y: 0, z: 1 } });
    const back = after(grouped, ungroup(grouped, 'g', false));
    expect(back.tasks.map((task) => [task.id, parentOf(task), positionOf(task)])).toEqual(
      placed.tasks.map((task) => [task.id, parentOf(task), positionOf(task)]),
    );
  });

  it('that go are replaced by what they waited for', () => {
    const document = tree(
      { id: 'x' },
      { id: 'g', dependencies: ['x'] },
      { id: 'a', parent_id: 'g' },
      { id: 'b', parent_id: 'g' },
      { id: 'w', dependencies: [{ id: 'g', required: false }, 'a'] },
    );
    expect(edges(after(document, ungroup(document, 'g', false)))).toEqual(['b⇢w', 'x⇢w', 'a→w']);
  });

  it('that run stay, without what was inside', () => {
    const document = tree({ id: 'g', executor: 'echo' }, { id: 'a', parent_id: 'g' }, { id: 'w', dependencies: ['g'] });
    const left = after(document, ungroup(document, 'g', true));
    expect(left.tasks.map(parentOf)).toEqual([null, null, null]);
    expect(edges(left)).toEqual(['g→w']);
  });

  it('are never put into what they contain', () => {
    const document = tree({ id: 'g' }, { id: 'a', parent_id: 'g' });
    expect(isEmpty(reparent(document, ['g'], 'a'))).toBe(true);
    expect(isEmpty(reparent(document, ['g'], 'g'))).toBe(true);
  });

  it('take along what is inside of them', () => {
    const document = tree({ id: 'g' }, { id: 'a', parent_id: 'g' }, { id: 'h' });
    const moved = after(document, reparent(document, ['g', 'a'], 'h', new Map([['g', { x: 8, y: 8 }]])));
    expect(moved.tasks.map(parentOf)).toEqual(['h', 'g', null]);
    expect(positionOf(moved.tasks[0]!)).toEqual({ x: 8, y: 8 });
  });
});

describe('places and order', () => {
  it('moves what moved, and says so', () => {
    const document = tree({ id: 'a', position: { x: 1, y: 1 } }, { id: 'b', position: { x: 2, y: 2 } });
    const edit = moveTasks(
      document,
      new Map([
        ['a', { x: 1, y: 1 }],
        ['b', { x: 9, y: 2 }],
      ]),
    );
    expect(edit.changes).toHaveLength(1);
    expect(positionOf(after(document, edit).tasks[1]!)).toEqual({ x: 9, y: 2 });
  });

  it('puts tasks before another one, or at the end', () => {
    const ids = (edit: Edit) => after(CHAIN, edit).tasks.map((task) => task.id);
    expect(ids(reorder(CHAIN, ['c'], 'a'))).toEqual(['c', 'a', 'b']);
    expect(ids(reorder(CHAIN, ['a', 'b'], null))).toEqual(['c', 'a', 'b']);
    expect(isEmpty(reorder(CHAIN, ['a'], 'b'))).toBe(true);
  });
});

describe('adding and duplicating', () => {
  it('connects a task that is added after another', () => {
    const edit = addTask(CHAIN, { id: 'n', name: 'N' }, { id: 'a', required: false });
    expect(edges(after(CHAIN, edit))).toContain('a⇢n');
    expect(edit.select).toEqual(['n']);
  });

  it('duplicates with what is inside, its own references to the copies, and others as they were', () => {
    const document = tree(
      { id: 'x', name: 'x' },
      { id: 'g', name: 'g', position: { x: 0, y: 0 } },
      { id: 'a', name: 'a', parent_id: 'g', dependencies: ['x'], position: { x: 5, y: 5 } },
      {
        id: 'b',
        name: 'b',
        parent_id: 'g',
        dependencies: ['a'],
        inputs: { v: '{{ tasks.a.result + tasks.x.result }}' },
      },
    );
    const edit = duplicateTasks(document, ['g'], counter('n'));
    const copies = after(document, edit).tasks.slice(4);
    expect(copies.map(({ id, name }) => [id, name])).toEqual([
      ['n1', 'g 2'],
      ['n2', 'a 2'],
      ['n3', 'b 2'],
    ]);
    expect(copies.map(parentOf)).toEqual([null, 'n1', 'n1']);
    expect(copies.map(positionOf)).toEqual([{ x: 32, y: 32 }, { x: 5, y: 5 }, null]);
    expect(copies.map((task) => dependenciesOf(task).map(({ id }) => id))).toEqual([[], ['x'], ['n2']]);
    expect(copies[2]!.inputs).toEqual({ v: '{{ tasks["a 2"].result + tasks.x.result }}' });
    expect(edit.select).toEqual(['n1']);
  });
});
