import { expect, it } from 'vitest';

import { shapeOf } from '../../src/canvas/shape';
import { firstNode, neighbour, type Direction } from '../../src/canvas/walk';
import { group, task } from './graphs';

const shape = shapeOf(
  [
    task('top', 300, 0), task('left', 0, 200), task('middle', 300, 200), task('right', 600, 210),
    task('below', 310, 400), task('aside', 900, 330), group('g', 300, 600), task('inside', 24, 60, { parent: 'g' }),
  ],
  [],
);

it.each<[string, Direction, string | null]>([
  ['middle', 'up', 'top'], ['middle', 'left', 'left'], ['middle', 'right', 'right'], ['middle', 'down', 'below'],
  ['top', 'up', null], ['top', 'down', 'middle'], ['left', 'left', null], ['below', 'down', 'g'], ['g', 'down', 'inside'],
  ['inside', 'up', 'g'], ['right', 'right', 'aside'],
])('walks from %s %s to %s', (from, direction, to) => {
  expect(neighbour(shape, from, direction)).toBe(to);
});

it('walks there and back along a row', () => {
  expect(neighbour(shape, neighbour(shape, 'left', 'right')!, 'left')).toBe('left');
});

it('begins at the upper left', () => {
  expect(firstNode(shape)).toBe('top');
  expect(firstNode(shapeOf([], []))).toBeNull();
});
