import { describe, expect, it } from 'vitest';
import type { Task } from '../../src/builder/model/document';
import { TaskGraph } from '../../src/builder/model/graph';
import { extend, NOTHING, prune, select, selectAlong, selectEdge, toggle } from '../../src/builder/model/selection';

function graph(...tasks: { id: string; dependencies?: string[] }[]): TaskGraph {
  return new TaskGraph({
    tree: { name: 'T' },
    rest: {},
    tasks: tasks.map((task) => ({ name: task.id, ...task })) as Task[],
  });
}

const CHAIN = graph({ id: 'a' }, { id: 'b', dependencies: ['a'] }, { id: 'c', dependencies: ['b'] });

describe('a selection', () => {
  it('grows and shrinks, and keeps the focus on what was chosen last', () => {
    const both = toggle(select(['a']), 'b');
    expect([...both.tasks]).toEqual(['a', 'b']);
    expect(both.focus).toBe('b');
    expect(toggle(both, 'b')).toEqual(select(['a']));
    expect(extend(both, ['a']).focus).toBe('a');
  });

  it('is of tasks or of an edge', () => {
    const edge = selectEdge({ from: 'a', to: 'b' });
    expect(edge.tasks.size).toBe(0);
    expect(extend(edge, ['a']).edge).toBeNull();
  });

  it('reaches along the edges', () => {
    expect([...selectAlong(select(['b']), CHAIN, 'upstream').tasks].sort()).toEqual(['a', 'b']);
    expect([...selectAlong(select(['a']), CHAIN, 'downstream').tasks].sort()).toEqual(['a', 'b', 'c']);
    expect(selectAlong(select(['a']), CHAIN, 'downstream').focus).toBe('a');
  });

  it('forgets what is gone', () => {
    expect(prune(select(['a', 'gone']), CHAIN)).toEqual(select(['a']));
    expect(prune(selectEdge({ from: 'a', to: 'c' }), CHAIN)).toEqual(NOTHING);
    const whole = selectEdge({ from: 'a', to: 'b' });
    expect(prune(whole, CHAIN)).toBe(whole);
  });
});
