import { expect, it } from 'vitest';

import { areIn, GRID_STEP, movesOf, rootsOf, snapped } from '../../src/canvas/moves';
import { shapeOf } from '../../src/canvas/shape';
import { group, task } from './graphs';

const shape = shapeOf(
  [group('g', 100, 100), task('in', 24, 60, { parent: 'g' }), task('a', 500, 20), group('h', 1000, 50), task('lost', 7, 7, { parent: 'gone' })],
  [],
);

it('moves a group, not also what it carries', () => {
  expect(rootsOf(shape, ['g', 'in', 'a', 'gone'])).toEqual(['g', 'a']);
});

it('keeps places relative to the parent', () => {
  expect(movesOf(shape, ['in'], { x: 8, y: -4 })).toEqual([{ id: 'in', parent: 'g', x: 32, y: 56 }]);
});

it('stays in its place on the canvas when the parent changes', () => {
  expect(movesOf(shape, ['in'], { x: 0, y: 0 }, null)).toEqual([{ id: 'in', parent: null, x: 124, y: 160 }]);
  expect(movesOf(shape, ['a'], { x: 10, y: 0 }, 'h')).toEqual([{ id: 'a', parent: 'h', x: -490, y: -30 }]);
});

it('counts a parent that is missing as none', () => {
  expect(movesOf(shape, ['lost'], { x: 1, y: 1 })).toEqual([{ id: 'lost', parent: null, x: 8, y: 8 }]);
  expect(areIn(shape, ['lost', 'a'], null)).toBe(true);
  expect(areIn(shape, ['in', 'a'], null)).toBe(false);
});

it('lands the grabbed node on the grid', () => {
  const by = snapped({ x: 11, y: 50.4 }, { x: 3.5, y: 2 });
  expect((3.5 + by.x) % GRID_STEP).toBe(0);
  expect((2 + by.y) % GRID_STEP).toBe(0);
});
