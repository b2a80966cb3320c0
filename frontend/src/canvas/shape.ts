/** Where everything stands: what follows from the nodes and edges alone, worked out once for each change of them. */

import { boxAround, type Box, type Point } from './geometry';
import { Grid } from './grid';
import { liftedEdges, type DrawnEdge } from './lifted';
import type { SceneEdge, SceneNode } from './parts';

export const GROUP_PADDING = 24;
export const GROUP_HEAD = 40;

export interface Shape {
  readonly nodes: ReadonlyMap<string, SceneNode>;
  readonly children: ReadonlyMap<string | null, readonly string[]>;
  /** The boxes of what is visible, an outer group before what it holds. */
  readonly boxes: ReadonlyMap<string, Box>;
  /** Where the `x` and `y` of a node's children count from. */
  readonly origins: ReadonlyMap<string, Point>;
  readonly depths: ReadonlyMap<string, number>;
  readonly grid: Grid;
  /** The edges that are drawn. */
  readonly edges: ReadonlyMap<string, DrawnEdge>;
  /** The drawn edge for each edge that is shown. */
  readonly drawnAs: ReadonlyMap<string, string>;
  /** The drawn edges that begin or end at a node. */
  readonly edgesOf: ReadonlyMap<string, readonly DrawnEdge[]>;
}

/** Work out the shape. */
export function shapeOf(nodes: readonly SceneNode[], edges: readonly SceneEdge[]): Shape {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const children = childrenOf(nodes, byId);
  const places = new Places(byId, children);
  const lifted = liftedEdges(edges, byId);
  return {
    nodes: byId,
    children,
    boxes: places.boxes,
    origins: places.origins,
    depths: places.depths,
    grid: new Grid(places.boxes),
    edges: lifted.edges,
    drawnAs: lifted.drawnAs,
    edgesOf: endsOf(lifted.edges.values()),
  };
}

/** Return the ids of the nodes around a node, the nearest first. */
export function ancestorsOf(nodes: ReadonlyMap<string, SceneNode>, id: string): string[] {
  const found: string[] = [];
  let parent = nodes.get(id)?.parent ?? null;
  while (parent !== null && nodes.has(parent) && !found.includes(parent)) {
    found.push(parent);
    parent = nodes.get(parent)?.parent ?? null;
  }
  return found;
}

/** Return the ids and everything inside them. */
export function withContents(shape: Pick<Shape, 'children'>, ids: Iterable<string>): Set<string> {
  const found = new Set<string>();
  const waiting = [...ids];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    waiting.push(...(shape.children.get(id) ?? []));
  }
  return found;
}

/** Whether a node is drawn as a frame around others. */
export function isFrame(node: SceneNode | undefined): boolean {
  return node?.kind === 'group' && !node.collapsed;
}

function childrenOf(nodes: readonly SceneNode[], byId: ReadonlyMap<string, SceneNode>): Map<string | null, string[]> {
  const children = new Map<string | null, string[]>();
  for (const node of nodes) {
    const parent = node.parent !== null && byId.has(node.parent) ? node.parent : null;
    const siblings = children.get(parent);
    if (siblings) siblings.push(node.id);
    else children.set(parent, [node.id]);
  }
  return children;
}

/** Places the nodes from the outside in, and draws the frames from the inside out. */
class Places {
  readonly boxes = new Map<string, Box>();
  readonly origins = new Map<string, Point>();
  readonly depths = new Map<string, number>();
  readonly #nodes: ReadonlyMap<string, SceneNode>;
  readonly #children: ReadonlyMap<string | null, readonly string[]>;

  constructor(nodes: ReadonlyMap<string, SceneNode>, children: ReadonlyMap<string | null, readonly string[]>) {
    this.#nodes = nodes;
    this.#children = children;
    for (const id of children.get(null) ?? []) this.#place(id, { x: 0, y: 0 }, 0);
  }

  #place(id: string, origin: Point, depth: number): Box {
    const node = this.#nodes.get(id)!;
    const own: Box = { x: origin.x + node.x, y: origin.y + node.y, width: node.width, height: node.height };
    this.origins.set(id, own);
    this.depths.set(id, depth);
    this.boxes.set(id, own);
    if (!isFrame(node)) return own;
    const inside = (this.#children.get(id) ?? []).map((child) => this.#place(child, own, depth + 1));
    const frame = frameAround(own, inside);
    this.boxes.set(id, frame);
    return frame;
  }
}

function frameAround(own: Box, inside: readonly Box[]): Box {
  const content = boxAround(inside);
  if (!content) return own;
  const left = Math.min(own.x, content.x - GROUP_PADDING);
  const top = Math.min(own.y, content.y - GROUP_HEAD);
  const right = Math.max(own.x + GROUP_PADDING, content.x + content.width + GROUP_PADDING);
  const bottom = Math.max(own.y + GROUP_HEAD, content.y + content.height + GROUP_PADDING);
  return { x: left, y: top, width: right - left, height: bottom - top };
}

function endsOf(edges: Iterable<DrawnEdge>): Map<string, DrawnEdge[]> {
  const ends = new Map<string, DrawnEdge[]>();
  for (const edge of edges) {
    for (const end of [edge.source, edge.target]) {
      const known = ends.get(end);
      if (known) known.push(edge);
      else ends.set(end, [edge]);
    }
  }
  return ends;
}
