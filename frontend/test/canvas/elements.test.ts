import { expect, it } from 'vitest';

import { Elements } from '../../src/canvas/elements/elements';
import { Scene, type SceneEdge, type SceneNode } from '../../src/canvas/scene';
import { Stage } from '../../src/canvas/stage';
import { edge, group, task } from './graphs';

function staged(nodes: readonly SceneNode[], edges: readonly SceneEdge[] = []) {
  const scene = new Scene();
  scene.setGraph(nodes, edges);
  const stage = new Stage(scene);
  stage.setSize({ width: 1000, height: 800 });
  return { scene, stage, elements: new Elements(stage) };
}

const three = [task('a', 0, 0), task('b', 0, 200), task('far', 90_000, 0)];

it('holds the cards near the view, and the edges between them', () => {
  const { elements } = staged(three, [edge('a', 'b'), edge('a', 'far')]);
  expect(elements.cards().map(({ id }) => id)).toEqual(['a', 'b']);
  expect(elements.edges().map(({ drawn }) => drawn.target)).toEqual(['b']);
});

it('holds the card that may have the focus, wherever it is', () => {
  const { scene, elements } = staged(three);
  scene.stand('far');
  expect(elements.cards().map(({ id }) => id)).toContain('far');
});

it('gives the same objects while nothing moves', () => {
  const { elements } = staged(three, [edge('a', 'b')]);
  const [cards, edges] = [elements.cards(), elements.edges()];
  expect(elements.cards().every((card, index) => card === cards[index])).toBe(true);
  expect(elements.edges()[0]).toBe(edges[0]);
});

it('moves what is carried, its edges with it, above the others', () => {
  const { stage, elements } = staged([...three, task('c', 300, 0)], [edge('a', 'b')]);
  const before = new Map(elements.cards().map((card) => [card.id, card]));
  const [line] = elements.edges();
  stage.carry({ ids: new Set(['b']), by: { x: 24, y: 8 } });
  const after = new Map(elements.cards().map((card) => [card.id, card]));
  expect(after.get('b')!.box).toMatchObject({ x: 24, y: 208 });
  expect(after.get('b')!.layer).toBeGreaterThan(after.get('c')!.layer);
  expect(after.get('c')).toBe(before.get('c'));
  expect(elements.edges()[0]!.curve.to).toEqual({ x: line!.curve.to.x + 24, y: line!.curve.to.y + 8 });
});

it('keeps the order of what was there before, or the page would lose the focus', () => {
  const { scene, elements } = staged(three);
  elements.cards();
  scene.setGraph([task('new', 300, 0), three[1]!, three[0]!], []);
  expect(elements.cards().map(({ id }) => id)).toEqual(['a', 'b', 'new']);
});

it('lays frames below cards, inner above outer', () => {
  const nodes = [group('outer', 0, 0), group('inner', 0, 0, { parent: 'outer' }), task('t', 0, 0, { parent: 'inner' }), group('shut', 0, 300, { collapsed: true })];
  const layers = new Map(staged(nodes).elements.cards().map(({ id, layer }) => [id, layer]));
  expect(layers.get('outer')).toBeLessThan(layers.get('inner')!);
  expect(layers.get('inner')).toBeLessThan(layers.get('shut')!);
  expect(layers.get('shut')).toBeLessThan(layers.get('t')!);
});
