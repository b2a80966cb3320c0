import { describe, expect, it, vi } from 'vitest';

import { edgeEnds, edgeId, plainLook, Scene, type CardState, type EdgeLook } from '../../src/canvas/scene';
import { edge, group, task } from './graphs';

function sceneOf(...edges: ReturnType<typeof edge>[]) {
  const scene = new Scene();
  scene.setGraph([task('a', 0, 0), task('b', 0, 200), task('c', 0, 400)], edges);
  return scene;
}

/** Every value that a card was told, the first one included. */
function told(scene: Scene, id: string): CardState[] {
  const values: CardState[] = [];
  scene.card(id).subscribe((value) => values.push(value));
  return values;
}

describe('cards', () => {
  it('tells only the card whose look changed', () => {
    const scene = sceneOf();
    const [a, b] = [told(scene, 'a'), told(scene, 'b')];
    scene.setLooks([['a', plainLook('a', { status: 'in_progress', word: 'In progress' })], ['gone', plainLook('x')]]);
    expect(a.map((card) => card.look.status)).toEqual([null, 'in_progress']);
    expect(b).toHaveLength(1);
  });

  it('tells only the cards whose selection changed', () => {
    const scene = sceneOf();
    scene.select(['a', 'b']);
    const [a, b, c] = [told(scene, 'a'), told(scene, 'b'), told(scene, 'c')];
    scene.select(['b', 'c']);
    expect(a.at(-1)?.selected).toBe(false);
    expect(c.at(-1)).toMatchObject({ selected: true, current: true });
    expect(b.every((card) => card.selected)).toBe(true);
    expect([...scene.selected]).toEqual(['b', 'c']);
  });

  it('does not draw a card again when a new structure keeps its look', () => {
    const scene = sceneOf();
    const a = told(scene, 'a');
    const look = scene.look('a');
    scene.setGraph([task('a', 50, 50, { look }), task('d', 0, 0)], []);
    expect(a).toHaveLength(1);
    expect(scene.shape.boxes.get('a')).toMatchObject({ x: 50 });
  });

  it('stops telling who has unsubscribed', () => {
    const scene = sceneOf();
    const run = vi.fn();
    const stop = scene.card('a').subscribe(run);
    (stop as () => void)();
    scene.select(['a']);
    expect(run).toHaveBeenCalledTimes(1);
  });

  it('leaves a node that is gone', () => {
    const scene = sceneOf();
    scene.select(['c']);
    scene.setGraph([task('a', 0, 0)], []);
    expect(scene.current).toBeNull();
  });
});

describe('edges', () => {
  it('tells an edge of its state and whether it is selected', () => {
    const scene = sceneOf(edge('a', 'b'), edge('b', 'c'));
    const [first, second]: [EdgeLook[], EdgeLook[]] = [[], []];
    scene.edge(edgeId('a', 'b')).subscribe((value) => first.push(value));
    scene.edge(edgeId('b', 'c')).subscribe((value) => second.push(value));
    scene.setEdgeStates([[edgeId('a', 'b'), 'running']]);
    scene.selectEdge(edgeId('a', 'b'));
    expect(first).toEqual([
      { state: 'idle', selected: false }, { state: 'running', selected: false }, { state: 'running', selected: true },
    ]);
    expect(second).toHaveLength(1);
  });

  it('shows the most noteworthy state of merged edges', () => {
    const scene = new Scene();
    const inside = { parent: 'g' };
    const nodes = [group('g', 0, 0, { collapsed: true }), task('x', 0, 0, inside), task('y', 0, 0, inside), task('z', 0, 0)];
    scene.setGraph(nodes, [edge('x', 'z', { state: 'done' }), edge('y', 'z')]);
    const drawn = edgeId('g', 'z');
    expect(scene.edgeState(drawn)).toBe('done');
    scene.setEdgeStates([[edgeId('y', 'z'), 'running']]);
    expect(scene.edgeState(drawn)).toBe('running');
  });

  it('reads the ends from an id', () => {
    expect(edgeEnds(edgeId('a b', 'c'))).toEqual({ source: 'a b', target: 'c' });
  });
});

it('says whether the structure or only the look has changed', () => {
  const scene = sceneOf();
  const [shape, look] = [vi.fn(), vi.fn()];
  scene.onChange('shape', shape);
  scene.onChange('look', look);
  scene.setLooks([['a', plainLook('new')]]);
  expect([shape, look].map((spy) => spy.mock.calls.length)).toEqual([0, 1]);
  scene.setGraph([], []);
  expect(shape).toHaveBeenCalledTimes(1);
});
