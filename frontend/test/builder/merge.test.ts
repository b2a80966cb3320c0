import { describe, expect, it } from 'vitest';
import { fieldOf } from '../../src/builder/model/diff';
import { taskOf, type Task, type TreeDocument } from '../../src/builder/model/document';
import { applyChanges } from '../../src/builder/model/edit';
import { TaskGraph } from '../../src/builder/model/graph';
import { canonicalJSON, getAt, isObject, sameJSON, type JSONValue, type Path } from '../../src/builder/model/json';
import { mergeDocuments, type Merged } from '../../src/builder/model/merge';
import { dependenciesOf } from '../../src/builder/model/task';
import { chances } from '../run-model';
import { counter, randomDocument, randomEdit, SEEDS } from './worlds';

function tree(...tasks: object[]): TreeDocument {
  return {
    tree: { name: 'Tree' },
    rest: {},
    tasks: tasks.map((task) => ({ name: (task as Task).id, ...task })) as Task[],
  };
}

const BASE = tree({ id: 'a', inputs: { x: 1, y: 2 } }, { id: 'b', dependencies: ['a'] }, { id: 'c' });

function withTask(document: TreeDocument, id: string, fields: object): TreeDocument {
  return {
    ...document,
    tasks: document.tasks.map((task) => (task.id === id ? ({ ...task, ...fields } as Task) : task)),
  };
}

function without(document: TreeDocument, id: string): TreeDocument {
  return { ...document, tasks: document.tasks.filter((task) => task.id !== id) };
}

const told = ({ conflicts }: Merged) => conflicts.map(({ kind, message }) => `${kind}: ${message}`);

describe('two changes', () => {
  it('of one task in different fields, and in different inputs, are both there', () => {
    const mine = withTask(BASE, 'a', { priority: 0, inputs: { x: 10, y: 2 } });
    const theirs = withTask(BASE, 'a', { notes: 'n', inputs: { x: 1, y: 20, z: 3 } });
    const merged = mergeDocuments(BASE, mine, theirs);
    expect(taskOf(merged.document, 'a')).toMatchObject({ priority: 0, notes: 'n', inputs: { x: 10, y: 20, z: 3 } });
    expect(merged.conflicts).toEqual([]);
  });

  it('of one value contradict each other, and both sides are told', () => {
    const merged = mergeDocuments(BASE, withTask(BASE, 'a', { priority: 0 }), withTask(BASE, 'a', { priority: 1 }));
    expect(told(merged)).toEqual(['value: Both have changed a: priority']);
    expect(merged.conflicts[0]).toMatchObject({
      taskId: 'a',
      path: ['priority'],
      sides: { base: 2, mine: 0, theirs: 1 },
    });
    expect(taskOf(merged.document, 'a')!.priority).toBe(0);
  });

  it('that are the same are one', () => {
    const both = withTask(BASE, 'a', { priority: 0 });
    expect(mergeDocuments(BASE, both, both)).toEqual({ document: both, conflicts: [] });
  });

  it('keep a task that one deleted and the other changed', () => {
    const merged = mergeDocuments(BASE, without(BASE, 'c'), withTask(BASE, 'c', { notes: 'n' }));
    expect(told(merged)).toEqual(['removed: c was deleted by one and changed by the other; it was kept']);
    expect(taskOf(merged.document, 'c')!.notes).toBe('n');
    expect(told(mergeDocuments(BASE, withTask(BASE, 'c', { notes: 'n' }), without(BASE, 'c')))).toHaveLength(1);
  });

  it('keep a task that one deleted and the other made use of', () => {
    const merged = mergeDocuments(BASE, without(BASE, 'c'), withTask(BASE, 'b', { dependencies: ['a', 'c'] }));
    expect(told(merged)).toEqual(['removed: c was deleted by one and is used by a change of the other; it was kept']);
    expect(taskOf(merged.document, 'c')).toEqual({ id: 'c', name: 'c' });
  });

  it('delete what one deleted and the other left alone', () => {
    expect(mergeDocuments(BASE, BASE, without(BASE, 'c'))).toEqual({ document: without(BASE, 'c'), conflicts: [] });
  });

  it('add edges from both, and take away what one took away', () => {
    const base = tree({ id: 'a' }, { id: 'b' }, { id: 'c' }, { id: 'x', dependencies: ['a'] });
    const mine = withTask(base, 'x', { dependencies: ['a', 'b'] });
    const theirs = withTask(base, 'x', { dependencies: ['c'] });
    const { document, conflicts } = mergeDocuments(base, mine, theirs);
    expect(
      dependenciesOf(taskOf(document, 'x')!)
        .map(({ id }) => id)
        .sort(),
    ).toEqual(['b', 'c']);
    expect(conflicts).toEqual([]);
  });

  it('contradict each other when one deleted an edge that the other made optional', () => {
    const mine = withTask(BASE, 'b', { dependencies: [] });
    const theirs = withTask(BASE, 'b', { dependencies: [{ id: 'a', required: false }] });
    const merged = mergeDocuments(BASE, mine, theirs);
    expect(merged.conflicts).toMatchObject([{ kind: 'value', taskId: 'b', path: ['dependencies', 'a'] }]);
    expect(dependenciesOf(taskOf(merged.document, 'b')!)).toEqual([{ id: 'a', required: false }]);
  });

  it('that only together make a cycle say so', () => {
    const mine = withTask(BASE, 'a', { dependencies: ['c'] });
    const theirs = withTask(BASE, 'c', { dependencies: ['b'] });
    expect(told(mergeDocuments(BASE, mine, theirs))).toEqual([
      'cycle: Together the changes make a cycle: a → c → b → a',
    ]);
  });

  it('put new tasks behind those that they followed', () => {
    const mine = tree({ id: 'a' }, { id: 'm' }, { id: 'b' }, { id: 'c' });
    const theirs = tree({ id: 'a' }, { id: 'b' }, { id: 't' }, { id: 'c' });
    const base = tree({ id: 'a' }, { id: 'b' }, { id: 'c' });
    expect(mergeDocuments(base, mine, theirs).document.tasks.map(({ id }) => id)).toEqual(['a', 'm', 'b', 't', 'c']);
  });

  it('take over the order of the one who changed it, and ask when both did', () => {
    const [b, c] = [tree({ id: 'b' }, { id: 'a' }, { id: 'c' }), tree({ id: 'a' }, { id: 'c' }, { id: 'b' })];
    const base = tree({ id: 'a' }, { id: 'b' }, { id: 'c' });
    expect(mergeDocuments(base, base, b)).toEqual({ document: b, conflicts: [] });
    expect(mergeDocuments(base, c, b).conflicts).toMatchObject([{ kind: 'order' }]);
  });

  it('keep a new binding to what the other has renamed', () => {
    const base = withTask(BASE, 'a', { name: 'get' });
    const mine = withTask(base, 'a', { name: 'fetch' });
    const theirs = withTask(base, 'b', { inputs: { v: '{{ tasks.get.result }}' } });
    const merged = mergeDocuments(base, mine, theirs);
    expect(taskOf(merged.document, 'b')!.inputs).toEqual({ v: '{{ tasks.fetch.result }}' });
  });

  it('of the tree are merged like those of a task', () => {
    const mine = { ...BASE, tree: { name: 'Mine', tags: ['x'] } };
    const theirs = { ...BASE, tree: { name: 'Theirs', description: 'd' } };
    const merged = mergeDocuments(BASE, mine, theirs);
    expect(merged.document.tree).toEqual({ name: 'Mine', tags: ['x'], description: 'd' });
    expect(told(merged)).toEqual(['value: Both have changed $.tree.name']);
  });
});

/** Every value that a document holds, by where it is: tasks by id, edges by their ends. */
function atoms(document: TreeDocument): Map<string, JSONValue> {
  const found = new Map<string, JSONValue>();
  const put = (path: Path, value: JSONValue | undefined) => {
    if (isObject(value) && Object.keys(value).length > 0)
      for (const key of Object.keys(value)) put([...path, key], value[key]);
    else if (value !== undefined) found.set(JSON.stringify(path), value);
  };
  put(['tree'], document.tree);
  for (const task of document.tasks) {
    found.set(JSON.stringify([task.id]), true);
    for (const field of Object.keys(task)) {
      if (field !== 'dependencies' && field !== 'id') put([task.id, field], fieldOf(task, field));
    }
    for (const edge of dependenciesOf(task)) put([task.id, 'dependencies', edge.id], edge.required);
  }
  return found;
}

function isUnder(place: string, conflict: Merged['conflicts'][number]): boolean {
  const path = JSON.parse(place) as string[];
  const at = conflict.taskId === null ? conflict.path : [conflict.taskId, ...conflict.path];
  return at.every((step, index) => index >= path.length || step === path[index]);
}

describe.each(SEEDS)('random changes by two (seed %i)', (seed) => {
  const chance = chances(seed);
  const base = randomDocument(chance, 10);
  const change = (prefix: string) => {
    const newId = counter(prefix);
    let document = base;
    for (let step = 0; step < 4; step += 1)
      document = applyChanges(document, randomEdit(chance, document, newId).changes);
    return document;
  };
  const mine = change('mine-');
  const theirs = change('their-');
  const merged = mergeDocuments(base, mine, theirs);

  it('are all in the merged document or in a conflict', () => {
    const [before, now] = [atoms(base), atoms(merged.document)];
    for (const side of [mine, theirs]) {
      const after = atoms(side);
      for (const place of new Set([...before.keys(), ...after.keys()])) {
        if (sameJSON(before.get(place), after.get(place)) && before.has(place) === after.has(place)) continue;
        const isThere = sameJSON(now.get(place), after.get(place)) && now.has(place) === after.has(place);
        // A binding may be written in another way to mean the same; an object that got keys is looked at by its keys.
        const isRewritten = String(now.get(place)).includes('{{') || isContainer(place, side, merged.document);
        expect(
          isThere || isRewritten || merged.conflicts.some((conflict) => isUnder(place, conflict)),
          `${place}\n${JSON.stringify(merged.conflicts)}`,
        ).toBe(true);
      }
    }
  });

  it('leave nothing out that one of them made, and make nothing up', () => {
    const places = new Set([...atoms(base), ...atoms(mine), ...atoms(theirs)].map(([place]) => place));
    for (const place of atoms(merged.document).keys()) expect(places.has(place), place).toBe(true);
    const ids = new Set([base, mine, theirs].flatMap((document) => document.tasks.map(({ id }) => id)));
    for (const { id } of merged.document.tasks) expect(ids.has(id)).toBe(true);
    expect(new Set(merged.document.tasks.map(({ id }) => id)).size).toBe(merged.document.tasks.length);
  });

  it('refer to tasks that are there, and to no cycle that is not told of', () => {
    const graph = new TaskGraph(merged.document);
    const wasWhole = [mine, theirs].every((side) =>
      side.tasks.every((task) => dependenciesOf(task).every(({ id }) => taskOf(side, id))),
    );
    if (wasWhole)
      for (const task of merged.document.tasks)
        for (const { id } of dependenciesOf(task)) expect(graph.has(id)).toBe(true);
    const isNew = [mine, theirs].every((side) => new TaskGraph(side).findCycle() === null);
    if (isNew && graph.findCycle()) expect(merged.conflicts.some(({ kind }) => kind === 'cycle')).toBe(true);
  });

  it('are what one made when the other made nothing', () => {
    const same = (document: TreeDocument) =>
      canonicalJSON([...atoms(document)].map(([place, value]) => [place, value]).sort());
    expect(same(mergeDocuments(base, mine, base).document)).toBe(same(mine));
    expect(same(mergeDocuments(base, base, theirs).document)).toBe(same(theirs));
    expect(mergeDocuments(base, mine, base).conflicts).toEqual([]);
    expect(mergeDocuments(base, mine, mine).conflicts).toEqual([]);
  });

  it('contradict each other in the same places whoever asks', () => {
    const places = ({ conflicts }: Merged) =>
      conflicts
        .filter(({ kind }) => kind !== 'cycle')
        .map(({ kind, taskId, path }) => canonicalJSON([kind, taskId, [...path]]))
        .sort();
    expect(places(mergeDocuments(base, theirs, mine))).toEqual(places(merged));
  });
});

function isContainer(place: string, ...documents: TreeDocument[]): boolean {
  const [id, ...path] = JSON.parse(place) as string[];
  return documents.some((document) => isObject(getAt(taskOf(document, id!) as JSONValue | undefined, path)));
}
