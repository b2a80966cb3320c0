import { describe, expect, it } from 'vitest';

import { combined } from '../../src/builder/app/combined';
import { addTask, connect, moveTasks, renameTask } from '../../src/builder/model/commands';
import { emptyDocument } from '../../src/builder/model/document';
import { applyChanges, invert, isEmpty } from '../../src/builder/model/edit';

const before = emptyDocument('Tree');

describe('several edits as one step', () => {
  const edit = combined(before, [
    (document) => addTask(document, { id: 'a', name: 'A' }),
    (document) => addTask(document, { id: 'b', name: 'B' }),
    (document) => connect(document, { from: 'a', to: 'b' }),
    (document) => renameTask(document, 'nobody', 'C'),
  ]);

  it('sees what the ones before have made, and is taken back whole', () => {
    const after = applyChanges(before, edit.changes);
    expect(after.tasks.map((task) => task.dependencies)).toEqual([undefined, [{ id: 'a', required: true }]]);
    expect(applyChanges(after, invert(edit.changes))).toEqual(before);
  });

  it('is called what the last that changed anything is called, and selects what the last that selects selects', () => {
    expect(edit.label).toBe('Let B wait for A');
    expect(edit.select).toEqual(['b']);
  });

  it('is empty when none changes anything', () => {
    expect(isEmpty(combined(before, [(document) => moveTasks(document, new Map([['nobody', { x: 0, y: 0 }]]))]))).toBe(true);
  });
});
