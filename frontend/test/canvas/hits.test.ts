import { describe, expect, it } from 'vitest';

import { boundsOf, curve, curveBetween, distanceTo, pointOn } from '../../src/canvas/curves';
import { contains, holds, overlaps, padded } from '../../src/canvas/geometry';
import { Grid } from '../../src/canvas/grid';
import { edgeAt, frameAt, nodeAt, nodesIn } from '../../src/canvas/hits';
import { edgeId } from '../../src/canvas/scene';
import { shapeOf } from '../../src/canvas/shape';
import { edge, group, task } from './graphs';

const shape = shapeOf(
  [group('g', 0, 0), task('a', 24, 60, { parent: 'g' }), task('b', 24, 300, { parent: 'g' }), task('c', 1000, 0), task('over', 1010, 10)],
  [edge('a', 'b'), edge('a', 'c')],
);

describe('nodes at a point', () => {
  it('finds the innermost, and of equals the last', () => {
    expect(nodeAt(shape, { x: 30, y: 70 })).toBe('a');
    expect(nodeAt(shape, { x: 1020, y: 20 })).toBe('over');
    expect(nodeAt(shape, { x: 1020, y: 20 }, new Set(['over']))).toBe('c');
  });

  it('finds a frame by its head only', () => {
    expect(nodeAt(shape, { x: 100, y: 10 })).toBe('g');
    expect(nodeAt(shape, { x: 100, y: 200 })).toBeNull();
    expect(frameAt(shape, { x: 100, y: 200 })).toBe('g');
    expect(frameAt(shape, { x: 100, y: 200 }, new Set(['g']))).toBeNull();
    expect(frameAt(shape, { x: 1020, y: 20 })).toBeNull();
  });

  it('takes cards that a box touches, and frames that it holds', () => {
    expect(new Set(nodesIn(shape, { x: 10, y: 50, width: 30, height: 30 }))).toEqual(new Set(['a']));
    expect(new Set(nodesIn(shape, { x: -50, y: -50, width: 600, height: 600 }))).toEqual(new Set(['g', 'a', 'b']));
  });
});

describe('edges at a point', () => {
  const line = curveBetween(shape.boxes.get('a')!, shape.boxes.get('c')!);

  it('finds the nearest within reach', () => {
    expect(edgeAt(shape, pointOn(line, 0.5), 5)?.id).toBe(edgeId('a', 'c'));
    expect(edgeAt(shape, { x: 136 + 4, y: 200 }, 5)?.id).toBe(edgeId('a', 'b'));
    expect(edgeAt(shape, { x: 136 + 40, y: 200 }, 5)).toBeNull();
  });

  it('passes over edges of what is carried', () => {
    expect(edgeAt(shape, { x: 136, y: 200 }, 5, new Set(['b']))).toBeNull();
  });
});

describe('curves', () => {
  it.each([[{ x: 0, y: 0 }, { x: 300, y: 200 }], [{ x: 0, y: 0 }, { x: -80, y: -400 }], [{ x: 5, y: 5 }, { x: 5, y: 5 }]])(
    'stays in its bounds and is at no distance from itself: %o to %o',
    (from, to) => {
      const line = curve(from, to);
      for (let t = 0; t <= 1; t += 0.05) {
        expect(holds(padded(boundsOf(line), 1e-9, 1e-9), pointOn(line, t))).toBe(true);
        expect(distanceTo(line, pointOn(line, t))).toBeLessThan(2);
      }
      expect(pointOn(line, 0)).toEqual(from);
      expect(pointOn(line, 1)).toEqual(to);
    },
  );
});

describe('the grid', () => {
  const boxes = new Map(Array.from({ length: 400 }, (_, index) => {
    const box = { x: (index % 20) * 311 - 900, y: Math.floor(index / 20) * 197 - 900, width: 40 + (index % 7) * 200, height: 30 + (index % 5) * 150 };
    return [`${index}`, box] as const;
  }));

  it.each([
    { x: -700, y: -650, width: 300, height: 200 }, { x: 0, y: 0, width: 0.5, height: 0.5 }, { x: -5000, y: -5000, width: 20000, height: 20000 },
  ])('finds what going through everything finds in %o', (area) => {
    const all = [...boxes].filter(([, box]) => overlaps(box, area)).map(([id]) => id);
    expect(new Set(new Grid(boxes).query(area))).toEqual(new Set(all));
  });

  it('finds what the whole holds', () => {
    expect(contains({ x: -900, y: -900, width: 1, height: 1 }, boxes.get('0')!)).toBe(false);
    expect(new Grid(new Map()).query({ x: 0, y: 0, width: 9, height: 9 }).size).toBe(0);
  });
});
