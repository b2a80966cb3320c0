import { describe, expect, it } from 'vitest';

import { placed } from '../../src/builder/app/problems.svelte';
import type { TreeDocument } from '../../src/builder/model/document';

const DOCUMENT: TreeDocument = { tree: { name: 'T' }, rest: {}, tasks: [{ id: 'a', name: 'A' }, { id: 'b', name: 'B' }] };
const at = (path: string) => {
  const { taskId, place } = placed({ path, message: 'm' }, DOCUMENT);
  return { taskId, place };
};

describe('a problem', () => {
  it('of a task is at its task, by the place in the list', () => {
    expect(at('$.tasks[1].inputs.url')).toEqual({ taskId: 'b', place: 'inputs.url' });
    expect(at('$.tasks[0]')).toEqual({ taskId: 'a', place: '' });
    expect(at('$.tasks[0].inputs["a b"]')).toEqual({ taskId: 'a', place: 'inputs["a b"]' });
  });

  it('of the tree is at no task', () => {
    expect(at('$.tree.parameters')).toEqual({ taskId: null, place: 'tree.parameters' });
    expect(at('$.tasks')).toEqual({ taskId: null, place: 'tasks' });
    expect(at('$')).toEqual({ taskId: null, place: '' });
  });

  it('of a task that is gone meanwhile is shown all the same', () => {
    expect(at('$.tasks[9].name')).toEqual({ taskId: null, place: 'tasks[9].name' });
  });

  it('keeps its words', () => {
    expect(placed({ path: '$.tasks[0].name', message: 'is empty' }, DOCUMENT).message).toBe('is empty');
  });
});
