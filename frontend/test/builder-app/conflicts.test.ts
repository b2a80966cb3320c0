import { describe, expect, it } from 'vitest';

import { applyTheirs } from '../../src/builder/app/conflicts';
import { isSame, diffDocuments } from '../../src/builder/model/diff';
import { taskOf, type Task, type TreeDocument } from '../../src/builder/model/document';
import { applyChanges } from '../../src/builder/model/edit';
import { TaskGraph } from '../../src/builder/model/graph';
import { mergeDocuments } from '../../src/builder/model/merge';
import { dependenciesOf } from '../../src/builder/model/task';

function tree(name: string, ...tasks: object[]): TreeDocument {
  return { tree: { name }, rest: {}, tasks: tasks.map((task) => ({ name: (task as Task).id, ...task })) as Task[] };
}

/** Merge, and decide each conflict for the other side. */
function decided(base: TreeDocument, mine: TreeDocument, theirs: TreeDocument): { document: TreeDocument; kinds: string[] } {
  const merged = mergeDocuments(base, mine, theirs);
  const document = merged.conflicts.reduce((now, conflict) => applyChanges(now, applyTheirs(conflict)(now).changes), merged.document);
  return { document, kinds: merged.conflicts.map(({ kind }) => kind) };
}

const BASE = tree('Tree', { id: 'a', inputs: { x: 1, y: [1, 2] } }, { id: 'b' }, { id: 'c' });

describe('deciding for the other side', () => {
  it('takes the value of a task', () => {
    const mine = tree('Tree', { id: 'a', inputs: { x: 2, y: [1, 2] } }, { id: 'b' }, { id: 'c' });
    const theirs = tree('Tree', { id: 'a', inputs: { x: 3, y: [1, 2] } }, { id: 'b' }, { id: 'c' });
    const { document, kinds } = decided(BASE, mine, theirs);
    expect(kinds).toEqual(['value']);
    expect(document).toEqual(theirs);
  });

  it('takes a value away that the other side has taken away', () => {
    const mine = tree('Tree', { id: 'a', inputs: { x: 2, y: [1, 2] } }, { id: 'b' }, { id: 'c' });
    const theirs = tree('Tree', { id: 'a', inputs: { y: [1, 2] } }, { id: 'b' }, { id: 'c' });
    expect(taskOf(decided(BASE, mine, theirs).document, 'a')!.inputs).toEqual({ y: [1, 2] });
  });

  it('takes the name of the tree, and what is beside it', () => {
    const mine = { ...tree('Mine', ...BASE.tasks), rest: { extra: { n: 1 } } };
    const theirs = { ...tree('Theirs', ...BASE.tasks), rest: { extra: { n: 2 } } };
    const { document, kinds } = decided(BASE, mine, theirs);
    expect(kinds.length).toBeGreaterThanOrEqual(2);
    expect(document.tree.name).toBe('Theirs');
    expect(document.rest).toEqual({ extra: { n: 2 } });
  });

  it('takes a deletion', () => {
    const mine = tree('Tree', { id: 'a', inputs: { x: 9, y: [1, 2] } }, { id: 'b' }, { id: 'c' });
    const theirs = tree('Tree', { id: 'b' }, { id: 'c' });
    const { document, kinds } = decided(BASE, mine, theirs);
    expect(kinds).toEqual(['removed']);
    expect(document.tasks.map(({ id }) => id)).toEqual(['b', 'c']);
  });

  it('takes the change of what I have deleted', () => {
    const mine = tree('Tree', { id: 'b' }, { id: 'c' });
    const theirs = tree('Tree', { id: 'a', inputs: { x: 9, y: [1, 2] } }, { id: 'b' }, { id: 'c' });
    expect(taskOf(decided(BASE, mine, theirs).document, 'a')!.inputs).toEqual({ x: 9, y: [1, 2] });
  });

  it('takes how a dependency is waited for', () => {
    const waits = (...dependencies: object[]) => tree('Tree', { id: 'a' }, { id: 'b', dependencies });
    const { document, kinds } = decided(
      tree('Tree', { id: 'a' }, { id: 'b' }),
      waits({ id: 'a', required: true }),
      waits({ id: 'a', required: false }),
    );
    expect(kinds).toEqual(['value']);
    expect(dependenciesOf(taskOf(document, 'b')!)).toEqual([{ id: 'a', required: false }]);
  });

  it('takes the order', () => {
    const mine = tree('Tree', { id: 'b' }, { id: 'a', inputs: { x: 1, y: [1, 2] } }, { id: 'c' });
    const theirs = tree('Tree', { id: 'c' }, { id: 'b' }, { id: 'a', inputs: { x: 1, y: [1, 2] } });
    const { document, kinds } = decided(BASE, mine, theirs);
    expect(kinds).toEqual(['order']);
    expect(document.tasks.map(({ id }) => id)).toEqual(['c', 'b', 'a']);
  });

  it('ends a cycle that only both sides together make', () => {
    const mine = tree('Tree', { id: 'a', dependencies: [{ id: 'b', required: true }] }, { id: 'b' });
    const theirs = tree('Tree', { id: 'a' }, { id: 'b', dependencies: [{ id: 'a', required: true }] });
    const { document, kinds } = decided(tree('Tree', { id: 'a' }, { id: 'b' }), mine, theirs);
    expect(kinds).toEqual(['cycle']);
    expect(new TaskGraph(document).findCycle()).toBeNull();
    expect(isSame(diffDocuments(theirs, document))).toBe(true);
  });
});
