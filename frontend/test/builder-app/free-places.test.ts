import { describe, expect, it } from 'vitest';

import { overlaps } from '../../src/canvas/geometry';
import { TASK_SIZE } from '../../src/canvas/scene';
import { boxAroundNew, freeOf } from '../../src/builder/app/free-places';
import type { Task } from '../../src/builder/model/document';
import { chances } from '../run-model';

describe('a free place', () => {
  it('is where it was asked for when nothing stands there', () => {
    expect(freeOf([], TASK_SIZE, { x: 5, y: 7 })).toEqual({ x: 5, y: 7 });
  });

  it('is never on top of what stands there, whatever that is', () => {
    for (let seed = 0; seed < 200; seed += 1) {
      const chance = chances(seed);
      const taken = Array.from({ length: 12 }, () => ({ ...TASK_SIZE, x: chance() * 900, y: chance() * 300 }));
      const spot = freeOf(taken, TASK_SIZE, { x: chance() * 900, y: chance() * 300 });
      expect(taken.some((box) => overlaps(box, { ...TASK_SIZE, ...spot }))).toBe(false);
    }
  });
});

describe('the box around tasks that are not drawn yet', () => {
  const task = (id: string, x: number, y: number, parent?: string) =>
    ({ id, name: id, position: { x, y }, ...(parent ? { parent_id: parent } : {}) }) as Task;

  it('counts what is inside of others from their corners', () => {
    const box = boxAroundNew([task('group', 100, 100), task('inside', 0, 200, 'group'), task('elsewhere', 40, 0, 'not copied')]);
    expect(box).toEqual({ x: 40, y: 0, width: 60 + TASK_SIZE.width, height: 300 + TASK_SIZE.height });
  });

  it('ends for tasks that are inside of each other', () => {
    expect(boxAroundNew([task('a', 1, 0, 'b'), task('b', 1, 0, 'a')]).x).toBe(2);
  });

  it('is a card when there are none', () => {
    expect(boxAroundNew([])).toEqual({ x: 0, y: 0, ...TASK_SIZE });
  });
});
