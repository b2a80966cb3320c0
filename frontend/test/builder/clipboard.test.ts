import { describe, expect, it } from 'vitest';
import { bindingsOf, Names } from '../../src/builder/model/bindings';
import { copyTasks, readClipboard } from '../../src/builder/model/clipboard';
import { pasteTasks } from '../../src/builder/model/commands';
import { emptyDocument, openDocument, type Task, type TreeDocument } from '../../src/builder/model/document';
import { applyChanges } from '../../src/builder/model/edit';
import { dependenciesOf, parentOf, positionOf, withDescendants } from '../../src/builder/model/task';
import { chances } from '../run-model';
import { counter, randomDocument, SEEDS } from './worlds';

const DOCUMENT = {
  ...emptyDocument('Tree'),
  tasks: [
    { id: 'out', name: 'outside' },
    { id: 'g', name: 'group', position: { x: 100, y: 100 }, parent_id: 'out' },
    { id: 'a', name: 'a', parent_id: 'g', position: { x: 10, y: 10 }, dependencies: ['out'] },
    {
      id: 'b',
      name: 'b',
      position: { x: 300, y: 50 },
      dependencies: ['a', { id: 'out', required: false }, { id: 'g', required: false }],
    },
    { id: 'c', name: 'c', dependencies: ['b'], inputs: { v: '{{ tasks.b.result + tasks.outside.result }}' } },
  ] as Task[],
};

function read(source: string): readonly Task[] {
  const result = readClipboard(source, counter('r'));
  if ('refusal' in result) throw new Error(result.refusal);
  return result.tasks;
}

function paste(document: TreeDocument, tasks: readonly Task[], at?: { x: number; y: number }) {
  const edit = pasteTasks(document, tasks, { newId: counter('n'), ...(at ? { at } : {}) });
  return { edit, document: applyChanges(document, edit.changes) };
}

describe('copying', () => {
  it('takes along what is inside, as a document that can be imported', () => {
    const source = copyTasks(DOCUMENT, ['g', 'c']);
    const opened = openDocument(JSON.parse(source), '');
    expect('document' in opened && opened.document.tasks.map((task) => task.id)).toEqual(['g', 'a', 'c']);
  });
});

describe('reading the clipboard', () => {
  it.each([
    ['a plain array', '[{"name": "x"}]'],
    ['one task', '{"name": "x", "executor": "echo"}'],
    ['tasks without a head', '{"tasks": [{"name": "x"}]}'],
    [
      'a document',
      '{"format": "apflow-tree", "version": 1, "tree": {"name": "t"}, "tasks": [{"id": "i", "name": "x"}]}',
    ],
  ])('takes %s', (_, source) => {
    expect(read(source).map((task) => task.name)).toEqual(['x']);
  });

  it.each([
    ['', 'There is nothing to paste'],
    ['[]', 'This holds no tasks'],
    ['hello', 'A value belongs here (1:1)'],
    ['3', 'This is neither a tree document nor a list of tasks'],
  ])('says what is wrong with %j', (source, refusal) => {
    expect(readClipboard(source)).toEqual({ refusal });
  });
});

describe('pasting', () => {
  const copied = read(copyTasks(DOCUMENT, ['g', 'b', 'c']));

  it('renews ids, keeps references inside and drops others with a notice', () => {
    const { edit, document } = paste(emptyDocument('Other'), copied);
    expect(document.tasks.map(({ id, name }) => [id, name])).toEqual([
      ['n1', 'group'],
      ['n2', 'a'],
      ['n3', 'b'],
      ['n4', 'c'],
    ]);
    expect(document.tasks.map(parentOf)).toEqual([null, 'n1', null, null]);
    expect(document.tasks.map(dependenciesOf)).toEqual([
      [],
      [],
      [
        { id: 'n2', required: true },
        { id: 'n1', required: false },
      ],
      [{ id: 'n3', required: true }],
    ]);
    expect(edit.notices).toEqual([
      'group: is outside of its group, which was not copied',
      'a: left out the dependency on a task that was not copied',
      'b: left out the dependency on a task that was not copied',
      'c: names tasks.outside, which was not copied',
    ]);
    expect(edit.select).toEqual(['n1', 'n3', 'n4']);
  });

  it('makes names unique, in bindings too, and says so', () => {
    const { edit, document } = paste(DOCUMENT, copied);
    expect(document.tasks.slice(5).map((task) => task.name)).toEqual(['group 2', 'a 2', 'b 2', 'c 2']);
    expect(document.tasks.at(-1)!.inputs).toEqual({ v: '{{ tasks["b 2"].result + tasks.outside.result }}' });
    expect(edit.notices).toContain('b is called b 2 here, because the name is taken');
  });

  it('puts the upper left corner at the cursor, and what is inside where it was', () => {
    const { document } = paste(emptyDocument('Other'), copied, { x: 0, y: 8 });
    expect(document.tasks.map(positionOf)).toEqual([{ x: 0, y: 58 }, { x: 10, y: 10 }, { x: 200, y: 8 }, null]);
  });

  it.each(SEEDS.slice(0, 20))('keeps the graph and the meaning of what was copied (seed %i)', (seed) => {
    const chance = chances(seed);
    const source = randomDocument(chance, 12);
    const chosen = withDescendants(
      source,
      source.tasks.filter(() => chance() < 0.5).map((task) => task.id),
    );
    if (chosen.size === 0) return;
    const tasks = read(copyTasks(source, chosen));
    const { document } = paste(source, tasks);
    const copies = document.tasks.slice(source.tasks.length);
    const real = new Map(copies.map((copy, index) => [copy.id, tasks[index]!.id]));
    const [before, now] = [new Names(source), new Names(document)];
    copies.forEach((copy, index) => {
      const inside = dependenciesOf(tasks[index]!).filter((edge) => chosen.has(edge.id));
      expect(dependenciesOf(copy).map((edge) => ({ ...edge, id: real.get(edge.id) }))).toEqual(inside);
      const meant = bindingsOf(tasks[index]!).map((binding) => before.resolve(binding.name)!);
      const means = bindingsOf(copy).map((binding) => now.resolve(binding.name)!);
      expect(means.map((id) => real.get(id) ?? id)).toEqual(meant);
    });
    expect(new Set(document.tasks.map((task) => task.id)).size).toBe(document.tasks.length);
    expect(new Set(copies.map((task) => task.name)).size).toBe(copies.length);
  });
});
