/** Where boxes are on the canvas: a grid of cells, so that a viewport of thousands of tasks is looked up at once. */

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export type Heading = 'left' | 'right' | 'up' | 'down';

const CELL = 600;

export class SpatialIndex {
  private readonly boxes = new Map<string, Box>();
  private readonly cells = new Map<string, Set<string>>();

  get size(): number {
    return this.boxes.size;
  }

  /** Put a box in, or move it. Places are absolute. */
  set(id: string, box: Box): void {
    this.delete(id);
    this.boxes.set(id, box);
    for (const key of cellsOf(box)) {
      const cell = this.cells.get(key);
      if (cell) cell.add(id);
      else this.cells.set(key, new Set([id]));
    }
  }

  delete(id: string): void {
    const box = this.boxes.get(id);
    if (!box) return;
    this.boxes.delete(id);
    for (const key of cellsOf(box)) {
      const cell = this.cells.get(key)!;
      cell.delete(id);
      if (cell.size === 0) this.cells.delete(key);
    }
  }

  clear(): void {
    this.boxes.clear();
    this.cells.clear();
  }

  get(id: string): Box | undefined {
    return this.boxes.get(id);
  }

  /** What overlaps an area. */
  query(area: Box): string[] {
    // A view of everything asks for more cells than there are boxes.
    if (cellCount(area) > this.boxes.size)
      return [...this.boxes].flatMap(([id, box]) => (overlap(box, area) ? [id] : []));
    const found = new Set<string>();
    for (const key of cellsOf(area)) for (const id of this.cells.get(key) ?? []) found.add(id);
    return [...found].filter((id) => overlap(this.boxes.get(id)!, area));
  }

  /** What lies wholly in an area. */
  within(area: Box): string[] {
    return this.query(area).filter((id) => contains(area, this.boxes.get(id)!));
  }

  /** The smallest box at a point: what is inside of a group goes before the group. */
  at(x: number, y: number): string | null {
    const hits = this.query({ x, y, width: 0, height: 0 });
    return least(hits, (id) => this.boxes.get(id)!.width * this.boxes.get(id)!.height);
  }

  /** The box that encloses all; null when there is none. */
  bounds(ids: Iterable<string> = this.boxes.keys()): Box | null {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (const id of ids) {
      const box = this.boxes.get(id);
      if (!box) continue;
      left = Math.min(left, box.x);
      top = Math.min(top, box.y);
      right = Math.max(right, box.x + box.width);
      bottom = Math.max(bottom, box.y + box.height);
    }
    return left > right ? null : { x: left, y: top, width: right - left, height: bottom - top };
  }

  /** The nearest box in a direction, for the arrow keys; what is straight ahead goes before what is off to the side. */
  neighbour(id: string, heading: Heading, isCandidate: (id: string) => boolean = () => true): string | null {
    const start = this.boxes.get(id);
    if (!start) return null;
    const others = [...this.boxes.keys()].filter((other) => other !== id && isCandidate(other));
    const ahead = others.filter((other) => distance(start, this.boxes.get(other)!, heading).along > 0);
    return least(ahead, (other) => {
      const { along, aside } = distance(start, this.boxes.get(other)!, heading);
      return along + 2 * aside;
    });
  }
}

function cellsOf({ x, y, width, height }: Box): string[] {
  const keys: string[] = [];
  for (let column = Math.floor(x / CELL); column <= Math.floor((x + width) / CELL); column += 1) {
    for (let row = Math.floor(y / CELL); row <= Math.floor((y + height) / CELL); row += 1)
      keys.push(`${column},${row}`);
  }
  return keys;
}

function cellCount({ x, y, width, height }: Box): number {
  const span = (from: number, length: number) => Math.floor((from + length) / CELL) - Math.floor(from / CELL) + 1;
  return span(x, width) * span(y, height);
}

/** Tell whether two boxes share a point; edges count. */
export function overlap(a: Box, b: Box): boolean {
  return a.x <= b.x + b.width && b.x <= a.x + a.width && a.y <= b.y + b.height && b.y <= a.y + a.height;
}

function contains(outer: Box, inner: Box): boolean {
  const isAcross = outer.x <= inner.x && inner.x + inner.width <= outer.x + outer.width;
  return isAcross && outer.y <= inner.y && inner.y + inner.height <= outer.y + outer.height;
}

function distance(from: Box, to: Box, heading: Heading): { along: number; aside: number } {
  const dx = to.x + to.width / 2 - (from.x + from.width / 2);
  const dy = to.y + to.height / 2 - (from.y + from.height / 2);
  if (heading === 'left' || heading === 'right') return { along: heading === 'right' ? dx : -dx, aside: Math.abs(dy) };
  return { along: heading === 'down' ? dy : -dy, aside: Math.abs(dx) };
}

function least<T>(items: readonly T[], measure: (item: T) => number): T | null {
  let best: T | null = null;
  let smallest = Infinity;
  for (const item of items) {
    const size = measure(item);
    if (size >= smallest) continue;
    best = item;
    smallest = size;
  }
  return best;
}
