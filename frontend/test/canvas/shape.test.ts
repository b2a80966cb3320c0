import { describe, expect, it } from 'vitest';

import { edgeId } from '../../src/canvas/scene';
import { ancestorsOf, GROUP_HEAD, GROUP_PADDING, shapeOf, withContents } from '../../src/canvas/shape';
import { edge, group, task } from './graphs';

describe('boxes', () => {
  it('counts places from the parent, in whichever order the nodes come', () => {
    const { boxes } = shapeOf([task('a', 30, 50, { parent: 'g' }), group('g', 100, 200)], []);
    expect(boxes.get('a')).toMatchObject({ x: 130, y: 250 });
  });

  it('draws a frame around what a group holds, in every direction', () => {
    const shape = shapeOf([group('g', 0, 0), task('a', -60, -10, { parent: 'g' }), task('b', 400, 300, { parent: 'g' })], []);
    expect(shape.boxes.get('g')).toEqual({
      x: -60 - GROUP_PADDING,
      y: -10 - GROUP_HEAD,
      width: 460 + 224 + 2 * GROUP_PADDING,
      height: 310 + 72 + GROUP_HEAD + GROUP_PADDING,
    });
    expect(shape.origins.get('g')).toMatchObject({ x: 0, y: 0 });
  });

  it('keeps the size of an empty or collapsed group, and has no box for what is inside', () => {
    const { boxes } = shapeOf([group('g', 0, 0, { collapsed: true }), task('a', 500, 500, { parent: 'g' }), group('e', 9, 9)], []);
    expect(boxes.get('g')).toMatchObject({ width: 224, height: 72 });
    expect(boxes.get('e')).toMatchObject({ width: 224, height: 72 });
    expect(boxes.has('a')).toBe(false);
  });

  it('lists an outer group before what it holds', () => {
    const shape = shapeOf([task('a', 0, 0, { parent: 'h' }), group('h', 0, 0, { parent: 'g' }), group('g', 0, 0)], []);
    expect([...shape.boxes.keys()].sort((a, b) => shape.depths.get(a)! - shape.depths.get(b)!)).toEqual(['g', 'h', 'a']);
    expect(ancestorsOf(shape.nodes, 'a')).toEqual(['h', 'g']);
    expect(withContents(shape, ['g'])).toEqual(new Set(['g', 'h', 'a']));
  });

  it('survives parents that are missing or in a circle', () => {
    const shape = shapeOf([task('a', 1, 2, { parent: 'gone' }), group('g', 0, 0, { parent: 'h' }), group('h', 0, 0, { parent: 'g' })], [edge('g', 'h')]);
    expect(shape.boxes.get('a')).toMatchObject({ x: 1, y: 2 });
    expect(ancestorsOf(shape.nodes, 'g')).toEqual(['h', 'g']);
  });
});

describe('lifted edges', () => {
  const nodes = [
    group('g', 0, 0, { collapsed: true }), group('h', 0, 0, { parent: 'g' }), task('in', 0, 0, { parent: 'h' }),
    task('also', 0, 0, { parent: 'g' }), task('a', 0, 0), task('b', 0, 0),
  ];

  it('draws edges of hidden tasks at the outermost collapsed group, and equal ones as one', () => {
    const edges = [edge('a', 'in', { required: false }), edge('a', 'also'), edge('in', 'b', { required: false }), edge('a', 'b')];
    const shape = shapeOf(nodes, edges);
    expect([...shape.edges.keys()]).toEqual([edgeId('a', 'g'), edgeId('g', 'b'), edgeId('a', 'b')]);
    expect(shape.edges.get(edgeId('a', 'g'))).toMatchObject({ required: true, members: [edgeId('a', 'in'), edgeId('a', 'also')] });
    expect(shape.edges.get(edgeId('g', 'b'))?.required).toBe(false);
    expect(shape.drawnAs.get(edgeId('a', 'also'))).toBe(edgeId('a', 'g'));
    expect(shape.edgesOf.get('g')).toHaveLength(2);
  });

  it('draws no edge inside of a collapsed group, to itself, or to nowhere', () => {
    expect(shapeOf(nodes, [edge('in', 'also'), edge('a', 'a'), edge('a', 'gone')]).edges.size).toBe(0);
  });
});
