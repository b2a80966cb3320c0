import { describe, expect, it } from 'vitest';
import type { Task, TreeDocument } from '../../src/builder/model/document';
import { startOrder } from '../../src/builder/model/start-order';
import {
  childrenById,
  dependenciesOf,
  executorOf,
  isEnabled,
  isPinned,
  parentOf,
  priorityOf,
} from '../../src/builder/model/task';
import { chances } from '../run-model';
import { randomDocument, SEEDS } from './worlds';

function tree(...tasks: object[]): TreeDocument {
  return {
    tree: { name: 'T' },
    rest: {},
    tasks: tasks.map((task) => ({ name: (task as Task).id, executor: 'e', ...task }) as unknown as Task),
  };
}

const A = { id: 'a' };
const B = { id: 'b' };
const C = { id: 'c' };

describe('the start order', () => {
  it('is that of the document among equals, as many at a time as there are slots', () => {
    expect(startOrder(tree(A, B, C), 2).waves).toEqual([['a', 'b'], ['c']]);
  });

  it('takes the lower number first', () => {
    expect(startOrder(tree(A, { ...B, priority: 0 }, { ...C, priority: 3 }), 1).waves).toEqual([['b'], ['a'], ['c']]);
  });

  it('takes what was ready first among equals', () => {
    const document = tree({ ...A, dependencies: ['c'] }, B, C, { id: 'd' });
    expect(startOrder(document, 2).waves).toEqual([
      ['b', 'c'],
      ['d', 'a'],
    ]);
  });

  it('waits for dependencies, optional ones too, and for what is inside of a group', () => {
    const document = tree(
      { ...A, dependencies: ['g'] },
      { id: 'g', executor: null },
      { ...B, parent_id: 'g' },
      { ...C, parent_id: 'g', dependencies: [{ id: 'b', required: false }] },
    );
    expect(startOrder(document, 9).waves).toEqual([['b'], ['c'], ['a']]);
  });

  it('does not wait for a parent that has an executor', () => {
    expect(startOrder(tree({ ...A, parent_id: 'b' }, B), 9).waves).toEqual([['a', 'b']]);
  });

  it('leaves out what is pinned, disabled, or requires what will not run', () => {
    const document = tree(
      { ...A, pinned: { result: 1 } },
      { ...B, enabled: false },
      { ...C, dependencies: ['a'] },
      { id: 'd', dependencies: ['b'] },
      { id: 'e', dependencies: [{ id: 'd', required: false }] },
      { id: 'f', executor: null, dependencies: [{ id: 'a', required: true }] },
    );
    const { waves, notRun, places } = startOrder(document, 9);
    expect(waves).toEqual([['c', 'e']]);
    expect([...notRun.values()].sort()).toEqual([
      'b is disabled',
      'd requires b, which will not run',
      'f has no executor',
    ]);
    expect(places.get('c')).toEqual({ wave: 0, place: 0 });
  });

  it('says of a cycle that it will not run', () => {
    const { waves, notRun } = startOrder(tree({ ...A, dependencies: ['b'] }, { ...B, dependencies: ['a'] }, C), 9);
    expect(waves).toEqual([['c']]);
    expect([...notRun.keys()]).toEqual(['a', 'b']);
  });
});

/** The same by brute force: ends are told one after the other, and each time all that follows is looked at anew. */
function plainWaves(document: TreeDocument, slots: number): string[][] {
  const { tasks } = document;
  const children = childrenById(document);
  const groupOf = (task: Task) => {
    const inside = children.get(task.id) ?? [];
    const isNeeded = tasks.some(
      (other) => inside.includes(other.id) && dependenciesOf(other).some(({ id }) => id === task.id),
    );
    return executorOf(task) === null && inside.length > 0 && !isNeeded ? inside : null;
  };
  const told = new Map<string, boolean>();
  const ends: { task: Task; isCompleted: boolean }[] = [];
  const queue: Task[] = [];
  const seen = new Set<string>();
  const look = (candidates: readonly Task[]) => {
    for (const task of candidates) {
      if (seen.has(task.id)) continue;
      const edges = dependenciesOf(task);
      const isStopped = edges.some(({ id, required }) => required && told.get(id) === false);
      const isMet = [...edges.map(({ id }) => id), ...(groupOf(task) ?? [])].every((id) => told.has(id));
      if (!isMet && !isStopped) continue;
      seen.add(task.id);
      const isRun = !isStopped && isEnabled(task) && groupOf(task) === null && !isPinned(task);
      if (isRun) queue.push(task);
      else ends.push({ task, isCompleted: !isStopped && isEnabled(task) });
    }
  };
  const followers = (task: Task) => [
    ...tasks.filter((other) => dependenciesOf(other).some(({ id }) => id === task.id)),
    ...tasks.filter((other) => other.id === parentOf(task)),
  ];
  const tell = () => {
    for (let end = ends.shift(); end; end = ends.shift()) {
      told.set(end.task.id, end.isCompleted);
      look(followers(end.task));
    }
  };
  look(tasks.filter((task) => dependenciesOf(task).length === 0 && groupOf(task) === null));
  tell();
  const waves: string[][] = [];
  while (queue.length > 0) {
    const wave: Task[] = [];
    while (wave.length < slots && queue.length > 0) {
      const best = Math.min(...queue.map(priorityOf));
      wave.push(
        ...queue.splice(
          queue.findIndex((task) => priorityOf(task) === best),
          1,
        ),
      );
    }
    waves.push(wave.map(({ id }) => id));
    for (const task of wave) {
      ends.push({ task, isCompleted: true });
      tell();
    }
  }
  return waves;
}

describe.each(SEEDS)('a random tree (seed %i)', (seed) => {
  it.each([1, 2, 5])('starts as a look at everything says, with %i slots', (slots) => {
    const document = randomDocument(chances(seed), 18);
    // Groups without children are tasks without an executor, which is tested above.
    const parents = childrenById(document);
    const tasks = document.tasks.filter((task) => executorOf(task) !== null || parents.has(task.id));
    const varied = tasks.map((task, index) => ({
      ...task,
      ...((seed + index) % 9 === 0 ? { enabled: false } : {}),
      ...((seed + index) % 11 === 0 ? { pinned: { result: 1 } } : {}),
    }));
    const whole = { ...document, tasks: varied as Task[] };
    expect(startOrder(whole, slots).waves).toEqual(plainWaves(whole, slots));
  });
});
