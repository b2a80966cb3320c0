import { describe, expect, it } from 'vitest';
import { diffDocuments, isSame } from '../../src/builder/model/diff';
import { documentText, parseDocument, type Task, type TreeDocument } from '../../src/builder/model/document';
import { applyChanges } from '../../src/builder/model/edit';
import { chances } from '../run-model';
import { counter, randomDocument, randomEdit, SEEDS } from './worlds';

function tree(...tasks: object[]): TreeDocument {
  return {
    tree: { name: 'Tree' },
    rest: {},
    tasks: tasks.map((task) => ({ name: (task as Task).id, ...task })) as Task[],
  };
}

describe('a difference', () => {
  it('has tasks, fields, edges and the tree', () => {
    const before = tree(
      { id: 'a', inputs: { x: 1, y: { z: 1 } } },
      { id: 'b', dependencies: ['a'] },
      { id: 'c', dependencies: ['a'] },
    );
    const after = {
      ...tree(
        { id: 'a', inputs: { x: 1, y: { z: 2, w: 3 } }, position: { x: 1, y: 1 } },
        { id: 'c', dependencies: [{ id: 'a', required: false }, 'd'] },
        { id: 'd' },
      ),
      tree: { name: 'Tree', description: 'new' },
    };
    const diff = diffDocuments(before, after);
    expect(diff.added.map(({ id }) => id)).toEqual(['d']);
    expect(diff.removed.map(({ id }) => id)).toEqual(['b']);
    expect(diff.changed).toMatchObject([
      {
        isMoved: true,
        fields: [
          { path: ['inputs', 'y', 'z'], before: 1, after: 2 },
          { path: ['inputs', 'y', 'w'], before: undefined, after: 3 },
        ],
      },
    ]);
    expect(diff.edges).toEqual({
      added: [{ from: 'd', to: 'c', required: true }],
      removed: [{ from: 'a', to: 'b', required: true }],
      changed: [{ from: 'a', to: 'c', required: false }],
    });
    expect(diff.tree).toEqual([{ path: ['description'], before: '', after: 'new' }]);
    expect(diff.isReordered).toBe(false);
  });

  it('is none between what is left out, null and by default', () => {
    const before = tree({ id: 'a', dependencies: ['b'], priority: 2, notes: null }, { id: 'b' });
    const after = tree(
      { id: 'a', dependencies: [{ id: 'b', required: true }], executor: null },
      { id: 'b', enabled: true },
    );
    expect(isSame(diffDocuments(before, after))).toBe(true);
  });

  it('sees another order', () => {
    expect(diffDocuments(tree({ id: 'a' }, { id: 'b' }), tree({ id: 'b' }, { id: 'a' })).isReordered).toBe(true);
  });

  it.each(SEEDS)('is there after any edit, and none from a document to itself (seed %i)', (seed) => {
    const chance = chances(seed);
    const document = randomDocument(chance, 10);
    const again = parseDocument(documentText(document), '');
    expect('document' in again && isSame(diffDocuments(document, again.document))).toBe(true);
    const newId = counter('n');
    for (let step = 0; step < 20; step += 1) {
      const edit = randomEdit(chance, document, newId);
      if (edit.changes.length > 0)
        expect(isSame(diffDocuments(document, applyChanges(document, edit.changes)))).toBe(false);
    }
  });
});
