/** The layout of a whole tree: groups are boxes around what they contain. The same input gives the same picture. */

import type { Pair } from './layout/acyclic';
import { GRID, layered, type Size, type Spot } from './layout/layered';

export { GRID } from './layout/layered';

export interface LayoutNode {
  id: string;
  /** The task that it is drawn inside of. */
  parent: string | null;
  /** The size of the card; a task that is drawn around others gets what it needs. */
  width: number;
  height: number;
  /** What is inside of it is not shown, and has no place. */
  isCollapsed?: boolean;
}

/** `to` waits for `from`. */
export interface LayoutEdge {
  from: string;
  to: string;
}

/** A place from the parent's corner, and a size. */
export type Placed = Spot & Size;

/** Whether what waits stands below, or to the right. */
export type Direction = 'down' | 'right';

export interface LayoutRequest {
  nodes: readonly LayoutNode[];
  edges: readonly LayoutEdge[];
  direction?: Direction;
}

/** Room around what is inside of a group, and for its title. */
export const PADDING = 24;
export const TITLE_HEIGHT = 40;

/** Place all nodes. Nodes inside of a collapsed one are left out; edges to them count as edges to it. */
export function layout({ nodes, edges, direction = 'down' }: LayoutRequest): Map<string, Placed> {
  return new NestedLayout(nodes, direction).run(edges);
}

/** The root container has no id. */
type Container = string | null;

class NestedLayout {
  private readonly nodes = new Map<string, LayoutNode>();
  private readonly inside = new Map<Container, LayoutNode[]>();
  private readonly pairs = new Map<Container, (readonly [string, string])[]>();
  private readonly placed = new Map<string, Placed>();
  private readonly paths = new Map<string, readonly string[]>();

  constructor(
    nodes: readonly LayoutNode[],
    private readonly direction: Direction,
  ) {
    for (const node of nodes) this.nodes.set(node.id, node);
    for (const node of nodes) {
      if (this.pathTo(node.id).some((id) => id !== node.id && this.nodes.get(id)!.isCollapsed)) continue;
      append(this.inside, this.containerOf(node), node);
    }
  }

  run(edges: readonly LayoutEdge[]): Map<string, Placed> {
    for (const edge of edges) this.lift(edge);
    for (const container of this.deepestFirst()) this.place(container);
    return this.placed;
  }

  /** An edge belongs to the smallest container that has both ends, between the boxes there that contain them. */
  private lift({ from, to }: LayoutEdge): void {
    if (!this.nodes.has(from) || !this.nodes.has(to)) return;
    const a = this.pathTo(from);
    const b = this.pathTo(to);
    let depth = 0;
    while (a[depth] === b[depth] && depth < a.length - 1 && depth < b.length - 1) depth += 1;
    const container = depth === 0 ? null : a[depth - 1]!;
    const isHidden = [...a.slice(0, depth)].some((id) => this.nodes.get(id)!.isCollapsed);
    if (a[depth] !== b[depth] && !isHidden) append(this.pairs, container, [a[depth]!, b[depth]!] as const);
  }

  private place(container: Container): void {
    const boxes = this.inside.get(container) ?? [];
    const sizes = boxes.map((box) => this.turned(this.placed.get(box.id) ?? sizeOf(box)));
    const { spots, size } = layered(sizes, this.pairsIn(container, boxes));
    const isInside = container !== null;
    boxes.forEach((box, index) => {
      const { x, y } = this.turnedSpot(spots[index]!);
      const offset = isInside ? { x: x + PADDING, y: y + TITLE_HEIGHT } : { x, y };
      this.placed.set(box.id, { ...(this.placed.get(box.id) ?? sizeOf(box)), ...offset });
    });
    if (isInside) this.placed.set(container, { x: 0, y: 0, ...this.sizeAround(container, this.turned(size)) });
  }

  private sizeAround(container: string, inner: Size): Size {
    const card = sizeOf(this.nodes.get(container)!);
    const height = Math.max(card.height, inner.height + TITLE_HEIGHT + PADDING);
    return { width: ceil(Math.max(card.width, inner.width + 2 * PADDING)), height: ceil(height) };
  }

  private pairsIn(container: Container, boxes: readonly LayoutNode[]): Pair[] {
    const index = new Map(boxes.map((box, place) => [box.id, place]));
    const pairs = new Map<number, Pair>();
    for (const [from, to] of this.pairs.get(container) ?? []) {
      const pair: Pair = [index.get(from)!, index.get(to)!];
      pairs.set(pair[0] * boxes.length + pair[1], pair);
    }
    return [...pairs.values()];
  }

  private deepestFirst(): Container[] {
    const containers: Container[] = [null];
    for (const container of containers) {
      for (const box of this.inside.get(container) ?? []) if (this.inside.has(box.id)) containers.push(box.id);
    }
    return containers.reverse();
  }

  /** From the outermost task that a node is inside of down to itself. Parents in a cycle count as none. */
  private pathTo(id: string): readonly string[] {
    const known = this.paths.get(id);
    if (known) return known;
    const path: string[] = [];
    for (let node = this.nodes.get(id); node; node = node.parent === null ? undefined : this.nodes.get(node.parent)) {
      if (path.includes(node.id)) {
        path.length = 0;
        break;
      }
      path.push(node.id);
    }
    const found = path.length === 0 ? [id] : path.reverse();
    this.paths.set(id, found);
    return found;
  }

  private containerOf(node: LayoutNode): Container {
    return this.pathTo(node.id).at(-2) ?? null;
  }

  private turned({ width, height }: Size): Size {
    return this.direction === 'down' ? { width, height } : { width: height, height: width };
  }

  private turnedSpot({ x, y }: Spot): Spot {
    return this.direction === 'down' ? { x, y } : { x: y, y: x };
  }
}

function sizeOf({ width, height }: LayoutNode): Size {
  return { width: ceil(width), height: ceil(height) };
}

function ceil(value: number): number {
  return Math.ceil(value / GRID) * GRID;
}

function append<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}
