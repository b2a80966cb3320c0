import { describe, expect, it } from 'vitest';
import type { Task, TreeDocument } from '../../src/builder/model/document';
import { TaskGraph } from '../../src/builder/model/graph';
import { History } from '../../src/builder/model/history';
import { connect, reparent } from '../../src/builder/model/commands';
import { applyChanges } from '../../src/builder/model/edit';
import { dependenciesOf, executorOf, parentOf } from '../../src/builder/model/task';
import { chances } from '../run-model';
import { counter, pick, randomDocument, randomEdit, SEEDS } from './worlds';

function tree(...tasks: object[]): TreeDocument {
  return {
    tree: { name: 'Tree' },
    rest: {},
    tasks: tasks.map((task) => ({ name: (task as Task).id.toUpperCase(), ...task })) as Task[],
  };
}

/** The engine's `waits_for`, written as slowly and plainly as it goes. */
function plainWaits({ tasks }: TreeDocument): Map<string, string[]> {
  const isGroup = (task: Task) => {
    const children = tasks.filter((other) => parentOf(other) === task.id);
    const isNeeded = children.some((child) => dependenciesOf(child).some((edge) => edge.id === task.id));
    return executorOf(task) === null && children.length > 0 && !isNeeded;
  };
  return new Map(
    tasks.map((task) => {
      const edges = dependenciesOf(task).map((edge) => edge.id);
      const children = isGroup(task)
        ? tasks.filter((other) => parentOf(other) === task.id).map((child) => child.id)
        : [];
      return [
        task.id,
        [...edges, ...children].filter((id) => id !== task.id && tasks.some((other) => other.id === id)),
      ];
    }),
  );
}

function plainAncestors(waits: Map<string, string[]>, id: string): Set<string> {
  const found = new Set<string>();
  for (let count = -1; found.size > count;) {
    count = found.size;
    for (const at of [id, ...found]) for (const next of waits.get(at)!) found.add(next);
  }
  return found;
}

function hasCycle(document: TreeDocument): boolean {
  const waits = plainWaits(document);
  return document.tasks.some(({ id }) => plainAncestors(waits, id).has(id));
}

const CHAIN = tree(
  { id: 'a', executor: 'e' },
  { id: 'b', executor: 'e', dependencies: ['a'] },
  { id: 'c', executor: 'e', dependencies: ['b'] },
);

describe('connecting', () => {
  const graph = new TaskGraph(CHAIN);
  it.each([
    ['a', 'a', 'A task cannot wait for itself'],
    ['a', 'b', 'B waits for A already'],
    ['gone', 'b', 'There is no such task any more'],
    ['c', 'a', 'That would be a cycle: A → C → B → A (each waits for the next; a group waits for its children)'],
    ['a', 'c', null],
  ])('%s → %s', (from, to, words) => {
    expect(graph.connectRefusal(from, to)).toBe(words);
  });

  it('knows that a group waits for its children, and that a parent with an executor waits for none', () => {
    const inside = { id: 'x', executor: 'e', parent_id: 'g', dependencies: ['w'] };
    const group = new TaskGraph(tree({ id: 'w', executor: 'e' }, { id: 'g' }, inside));
    expect(group.connectRefusal('g', 'w')).toContain('W → G → X → W');
    const parent = new TaskGraph(tree({ id: 'w', executor: 'e' }, { id: 'g', executor: 'e' }, inside));
    expect(parent.connectRefusal('g', 'w')).toBeNull();
  });

  it('lets a child wait for its parent, which is no group then', () => {
    const document = tree({ id: 'g' }, { id: 'x', executor: 'e', parent_id: 'g' });
    const graph = new TaskGraph(document);
    expect(graph.isGroup('g')).toBe(true);
    expect(graph.connectRefusal('g', 'x')).toBeNull();
    graph.apply(connect(document, { from: 'g', to: 'x' }).changes);
    expect(graph.isGroup('g')).toBe(false);
  });

  it('takes the name of an executor for naming it', () => {
    const document = tree({ id: 'g', name: 'echo' }, { id: 'x', executor: 'e', parent_id: 'g' });
    expect(new TaskGraph(document, new Set(['echo'])).isGroup('g')).toBe(false);
    expect(new TaskGraph(document).isGroup('g')).toBe(true);
  });
});

describe('moving into a group', () => {
  const document = tree(
    { id: 'g' },
    { id: 'in', executor: 'e', parent_id: 'g' },
    { id: 'after', executor: 'e', dependencies: ['g'] },
    { id: 'later', executor: 'e', dependencies: ['after'] },
    { id: 'free', executor: 'e' },
  );
  const graph = new TaskGraph(document);
  it.each([
    ['g', 'g', 'A task cannot be inside itself'],
    ['g', 'in', 'G contains IN'],
    [
      'later',
      'g',
      'That would be a cycle: G → LATER → AFTER → G (each waits for the next; a group waits for its children)',
    ],
    ['free', 'g', null],
    // A parent that a child waits for is no group.
    ['after', 'g', null],
    ['in', null, null],
    ['in', 'gone', 'There is no such task any more'],
  ])('%s into %s', (id, parent, words) => {
    expect(graph.reparentRefusal(id, parent)).toBe(words);
  });
});

describe.each(SEEDS)('a random graph (seed %i)', (seed) => {
  it('follows each edit, undo and redo as if it was built anew', () => {
    const chance = chances(seed);
    const history = new History(randomDocument(chance, 12), () => 0);
    const graph = new TaskGraph(history.document);
    history.subscribe((_, changes) => graph.apply(changes));
    const newId = counter('n');
    for (let step = 0; step < 30; step += 1) {
      const which = chance();
      if (which < 0.2) history.undo();
      else if (which < 0.3) history.redo();
      else history.do(randomEdit(chance, history.document, newId));
      const waits = plainWaits(history.document);
      for (const { id } of history.document.tasks) expect(new Set(graph.waitsFor(id))).toEqual(new Set(waits.get(id)));
    }
    const waits = plainWaits(history.document);
    for (const { id } of history.document.tasks) {
      const above = plainAncestors(waits, id);
      above.delete(id);
      expect(graph.ancestors(id)).toEqual(above);
      for (const other of above) expect(graph.descendants(other).has(id)).toBe(true);
    }
  });

  it('refuses exactly the edges and moves that make a cycle', () => {
    const chance = chances(seed + 500);
    const document = randomDocument(chance, 10);
    if (hasCycle(document)) return;
    const graph = new TaskGraph(document);
    for (let step = 0; step < 40; step += 1) {
      const from = pick(chance, document.tasks).id;
      const to = pick(chance, document.tasks).id;
      const edit = chance() < 0.5 ? connect(document, { from, to }) : reparent(document, [from], to);
      const isMove = edit.label.startsWith('Move');
      const refusal = isMove ? graph.reparentRefusal(from, to) : graph.connectRefusal(from, to);
      if (edit.changes.length === 0) continue;
      const now = applyChanges(document, edit.changes);
      expect(refusal !== null, `${edit.label}: ${refusal}`).toBe(hasCycle(now));
      expect(graph.cycleAfter(edit.changes) !== null).toBe(hasCycle(now));
      expect(graph.findCycle()).toBeNull();
    }
  });
});
