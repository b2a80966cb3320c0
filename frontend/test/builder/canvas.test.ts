import { describe, expect, it } from 'vitest';
import type { Task } from '../../src/builder/model/document';
import { TaskGraph } from '../../src/builder/model/graph';
import { extend, NOTHING, prune, select, selectAlong, selectEdge, toggle } from '../../src/builder/model/selection';
import { overlap, SpatialIndex, type Box } from '../../src/builder/model/spatial';
import { chances } from '../run-model';
import { pick, SEEDS, upTo, type Chance } from './worlds';

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

function randomBox(chance: Chance): Box {
  return {
    x: upTo(chance, 20_000) - 5000,
    y: upTo(chance, 20_000) - 5000,
    width: upTo(chance, 700),
    height: upTo(chance, 200),
  };
}

describe.each(SEEDS.slice(0, 5))('an index of 5,000 boxes (seed %i)', (seed) => {
  const chance = chances(seed);
  const index = new SpatialIndex();
  const boxes = new Map<string, Box>();
  for (let number = 0; number < 5000; number += 1) {
    boxes.set(`b${number}`, randomBox(chance));
    index.set(`b${number}`, boxes.get(`b${number}`)!);
  }
  for (let step = 0; step < 500; step += 1) {
    const id = pick(chance, [...boxes.keys()]);
    if (chance() < 0.5) {
      boxes.set(id, randomBox(chance));
      index.set(id, boxes.get(id)!);
    } else {
      boxes.delete(id);
      index.delete(id);
    }
  }

  it('finds what a look at every box finds', () => {
    for (let step = 0; step < 60; step += 1) {
      const area = { ...randomBox(chance), width: upTo(chance, step % 2 ? 30_000 : 1500), height: upTo(chance, 1500) };
      const expected = [...boxes].filter(([, box]) => overlap(box, area)).map(([id]) => id);
      expect(index.query(area).sort()).toEqual(expected.sort());
    }
    expect(index.size).toBe(boxes.size);
  });

  it('knows its bounds', () => {
    const all = [...boxes.values()];
    const bounds = index.bounds()!;
    expect(bounds.x).toBe(Math.min(...all.map(({ x }) => x)));
    expect(bounds.y + bounds.height).toBe(Math.max(...all.map(({ y, height }) => y + height)));
    expect(new SpatialIndex().bounds()).toBeNull();
  });
});

describe('boxes', () => {
  const index = new SpatialIndex();
  index.set('group', { x: 0, y: 0, width: 400, height: 400 });
  index.set('inside', { x: 100, y: 100, width: 50, height: 50 });
  index.set('right', { x: 600, y: 90, width: 50, height: 50 });
  index.set('far', { x: 500, y: 900, width: 50, height: 50 });

  it('are hit from the inside out', () => {
    expect(index.at(110, 110)).toBe('inside');
    expect(index.at(300, 300)).toBe('group');
    expect(index.at(450, 450)).toBeNull();
  });

  it('are selected when they lie wholly in an area', () => {
    expect(index.within({ x: 50, y: 50, width: 200, height: 200 })).toEqual(['inside']);
  });

  it('have neighbours in each direction', () => {
    const isCard = (id: string) => id !== 'group';
    expect(index.neighbour('inside', 'right', isCard)).toBe('right');
    expect(index.neighbour('inside', 'down', isCard)).toBe('far');
    expect(index.neighbour('inside', 'left', isCard)).toBeNull();
    expect(index.neighbour('far', 'up', isCard)).toBe('right');
  });

  it('are gone when all are cleared', () => {
    const other = new SpatialIndex();
    other.set('a', { x: 0, y: 0, width: 1, height: 1 });
    other.clear();
    expect(other.at(0, 0)).toBeNull();
  });
});
