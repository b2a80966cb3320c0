import { describe, expect, it } from 'vitest';

import { firstFailure } from '../../src/builder/app/run-causes';
import type { RunState, TaskFacts } from '../../src/core/run-state';

function state(...tasks: Partial<TaskFacts>[]): RunState {
  const facts = tasks.map((task, index) => ({ id: String(index), executor: 'echo', finishedAt: null, ...task }) as TaskFacts);
  return { tasks: new Map(facts.map((task) => [task.id, task])) } as unknown as RunState;
}

describe('the first failure', () => {
  it('is the earliest of the tasks that failed by themselves', () => {
    const found = firstFailure(state(
      { id: 'blocked', shown: 'blocked', finishedAt: 1 },
      { id: 'late', shown: 'failed', finishedAt: 9 },
      { id: 'early', shown: 'failed', finishedAt: 5 },
    ));
    expect(found?.id).toBe('early');
  });

  it('is a task and not the group around it', () => {
    const found = firstFailure(state({ id: 'group', executor: null, shown: 'failed', finishedAt: 3 }, { id: 'in', shown: 'failed', finishedAt: 3 }));
    expect(found?.id).toBe('in');
  });

  it('is nothing while nothing has failed', () => {
    expect(firstFailure(state({ shown: 'completed', finishedAt: 1 }, { shown: 'retrying' }))).toBeNull();
  });
});
