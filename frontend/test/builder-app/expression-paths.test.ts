import { describe, expect, it } from 'vitest';

import { takenBy } from '../../src/builder/app/expression-paths';
import type { Task, TreeDocument } from '../../src/builder/model/document';

const OTHERS: Task[] = [
  { id: 'f', name: 'Fetch rows' },
  { id: 'g', name: 'load' },
];

function taken(inputs: object): [string, string, readonly unknown[]][] {
  const task = { id: 'u', name: 'use', inputs } as Task;
  const document: TreeDocument = { tree: { name: 'T' }, rest: {}, tasks: [...OTHERS, task] };
  return takenBy(task, document).map(({ taskId, words, path }) => [taskId, words, path]);
}

describe('what inputs take of other tasks', () => {
  it('is found with its path, wherever it stands', () => {
    expect(taken({ a: 'see {{ tasks.load.result.rows[0].name }}!', b: [{ c: '{{ tasks["Fetch rows"].result["a b"] }}' }] })).toEqual([
      ['g', 'tasks.load.result.rows[0].name', ['rows', 0, 'name']],
      ['f', 'tasks["Fetch rows"].result["a b"]', ['a b']],
    ]);
  });

  it('may be the whole result, and is listed once', () => {
    expect(taken({ a: '{{ tasks.load.result }}', b: '{{ tasks.load.result | length }}' })).toEqual([['g', 'tasks.load.result', []]]);
  });

  it('leaves out what is no result, and tasks that are not there', () => {
    expect(taken({ a: "{{ tasks.load.status == 'failed' }}", b: '{{ tasks.nobody.result.x }}', c: 'tasks.load.result' })).toEqual([]);
  });
});
