import { describe, expect, it } from 'vitest';
import {
  GRID,
  layout,
  type LayoutEdge,
  type LayoutNode,
  type LayoutRequest,
  type Placed,
} from '../../src/builder/model/layout';
import { chances } from '../run-model';
import { pick, SEEDS, upTo } from './worlds';

function card(id: string, parent: string | null = null): LayoutNode {
  return { id, parent, width: 240, height: 72 };
}

/** About 1.2 edges a task; with groups of about twelve, some inside of others. */
function randomRequest(seed: number, count: number, isNested: boolean): LayoutRequest {
  const chance = chances(seed);
  const groups = isNested ? Array.from({ length: Math.ceil(count / 12) }, (_, index) => `g${index}`) : [];
  const nodes = groups.map((id, index) =>
    card(id, index > 0 && chance() < 0.2 ? pick(chance, groups.slice(0, index)) : null),
  );
  const edges: LayoutEdge[] = [];
  for (let index = 0; index < count; index += 1) {
    nodes.push(card(`t${index}`, groups.length > 0 ? groups[Math.floor(index / 12)]! : null));
    if (index > 0) edges.push({ from: `t${Math.max(0, index - 1 - upTo(chance, 30))}`, to: `t${index}` });
    if (index > 0 && chance() < 0.2) edges.push({ from: `t${upTo(chance, index)}`, to: `t${index}` });
  }
  return { nodes, edges };
}

function expectNoOverlaps(nodes: readonly LayoutNode[], placed: ReadonlyMap<string, Placed>): void {
  const parents = new Set(nodes.map((node) => node.parent));
  for (const parent of parents) {
    const boxes = nodes
      .filter((node) => node.parent === parent)
      .map((node) => ({ id: node.id, ...placed.get(node.id)! }));
    boxes.sort((a, b) => a.y - b.y);
    boxes.forEach((box, index) => {
      for (const other of boxes.slice(index + 1)) {
        if (other.y >= box.y + box.height) break;
        const isApart = other.x >= box.x + box.width || box.x >= other.x + other.width;
        expect(isApart, `${box.id} and ${other.id}`).toBe(true);
      }
    });
  }
}

/** Milliseconds of the processor's time for one run; what else the machine does is not in them. */
function cost(request: LayoutRequest, runs: number): number {
  const before = process.cpuUsage();
  for (let run = 0; run < runs; run += 1) layout(request);
  return process.cpuUsage(before).user / 1000 / runs;
}

describe.each(SEEDS.slice(0, 12))('the layout of a random tree (seed %i)', (seed) => {
  it.each([false, true])('overlaps nowhere, leads down, fits the grid and the groups (nested: %s)', (isNested) => {
    const request = randomRequest(seed, 80, isNested);
    const placed = layout(request);
    expect(placed.size).toBe(request.nodes.length);
    expectNoOverlaps(request.nodes, placed);
    for (const { x, y } of placed.values()) expect([x % GRID, y % GRID]).toEqual([0, 0]);
    const parent = new Map(request.nodes.map((node) => [node.id, node.parent]));
    for (const { from, to } of request.edges) {
      if (parent.get(from) !== parent.get(to) || isNested) continue;
      expect(placed.get(to)!.y).toBeGreaterThanOrEqual(placed.get(from)!.y + placed.get(from)!.height);
    }
    for (const node of request.nodes.filter((each) => each.parent !== null)) {
      const [box, group] = [placed.get(node.id)!, placed.get(node.parent!)!];
      expect(box.x + box.width).toBeLessThan(group.width);
      expect(box.y + box.height).toBeLessThan(group.height);
    }
  });

  it('is the same each time, whatever places there were', () => {
    const request = randomRequest(seed, 60, true);
    expect(layout(structuredClone(request))).toEqual(layout(request));
  });

  it('changes little when a task is added', () => {
    const { nodes, edges } = randomRequest(seed, 60, false);
    const before = layout({ nodes, edges });
    const after = layout({
      nodes: [...nodes, card('new')],
      edges: [...edges, { from: pick(chances(seed), nodes).id, to: 'new' }],
    });
    let pairs = 0;
    let swapped = 0;
    for (const a of nodes) {
      for (const b of nodes) {
        const [one, two] = [before.get(a.id)!, before.get(b.id)!];
        if (a.id >= b.id || one.y !== two.y) continue;
        pairs += 1;
        if (one.x < two.x !== after.get(a.id)!.x < after.get(b.id)!.x) swapped += 1;
      }
    }
    expect(pairs).toBeGreaterThan(20);
    expect(swapped / pairs).toBeLessThan(0.35);
  });
});

describe('the layout', () => {
  it('puts a chain into one column, or one row', () => {
    const request = {
      nodes: ['a', 'b', 'c'].map((id) => card(id)),
      edges: [
        { from: 'a', to: 'b' },
        { from: 'b', to: 'c' },
      ],
    };
    expect([...layout(request).values()].map(({ x, y }) => [x, y])).toEqual([
      [0, 0],
      [0, 136],
      [0, 272],
    ]);
    const right = [...layout({ ...request, direction: 'right' }).values()];
    expect(right.map(({ x, y }) => [x, y])).toEqual([
      [0, 0],
      [304, 0],
      [608, 0],
    ]);
    expect(right[0]).toMatchObject({ width: 240, height: 72 });
  });

  it('centres what fans out', () => {
    const placed = layout({
      nodes: ['a', 'b', 'c', 'd'].map((id) => card(id)),
      edges: ['b', 'c', 'd'].map((to) => ({ from: 'a', to })),
    });
    expect(placed.get('a')!.x).toBe(placed.get('c')!.x);
  });

  it('puts tasks without edges into rows below', () => {
    const nodes = Array.from({ length: 40 }, (_, index) => card(`t${index}`));
    const placed = layout({ nodes, edges: [{ from: 't0', to: 't1' }] });
    expectNoOverlaps(nodes, placed);
    const right = Math.max(...[...placed.values()].map(({ x, width }) => x + width));
    expect(right).toBeLessThan(3000);
    expect(placed.get('t2')!.y).toBeGreaterThan(placed.get('t1')!.y);
  });

  it('leaves out what is inside of a collapsed group, and leads its edges to the group', () => {
    const nodes = [card('a'), { ...card('g'), isCollapsed: true }, card('in', 'g'), card('b')];
    const placed = layout({
      nodes,
      edges: [
        { from: 'a', to: 'in' },
        { from: 'in', to: 'b' },
      ],
    });
    expect([...placed.keys()].sort()).toEqual(['a', 'b', 'g']);
    expect(placed.get('b')!.y).toBeGreaterThan(placed.get('g')!.y);
    expect(placed.get('g')).toMatchObject({ width: 240, height: 72 });
  });

  it('copes with cycles of edges and of parents, and with edges to nowhere', () => {
    const nodes = [card('a', 'b'), card('b', 'a'), card('c'), card('d'), card('e', 'gone')];
    const edges = [
      ['c', 'd'],
      ['d', 'c'],
      ['a', 'c'],
      ['x', 'c'],
      ['a', 'b'],
    ].map(([from, to]) => ({ from: from!, to: to! }));
    const placed = layout({ nodes, edges });
    expect(placed.size).toBe(5);
    expectNoOverlaps(
      nodes.map((node) => ({ ...node, parent: null })),
      placed,
    );
  });

  it('takes a time that grows with the tasks, and not with their square', { timeout: 60_000 }, () => {
    layout(randomRequest(1, 300, true));
    const nested = cost(randomRequest(2, 2000, true), 3);
    const flat = cost(randomRequest(2, 2000, false), 3);
    console.log(`layout of 2,000 tasks: ${nested.toFixed(0)} ms in groups, ${flat.toFixed(0)} ms without`);
    // Ten times the tasks: a square would be a hundred times as long.
    expect(nested / cost(randomRequest(2, 200, true), 30)).toBeLessThan(50);
  });
});
