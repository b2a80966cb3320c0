/** Where new tasks go: beside what stands there already, in the group of what they are joined to. Boxes are the canvas's. */

import { boxAround, centreOf, overlaps, type Box, type Point, type Size } from '../../canvas/geometry';
import { TASK_SIZE } from '../../canvas/scene';
import type { EdgeId, Places as PlacesById } from '../model/commands';
import { positionOf } from '../model/task';
import { ASIDE, below, BELOW, framed, freeOf, ORIGIN } from './free-places';
import type { Places } from './places.svelte';
import type { Session } from './session.svelte';

/** Where a new task goes, and what it is joined to. */
export interface Spot {
  /** There on the canvas, or beside it when something stands there: its middle, or the handle of the edge that joins it. */
  at?: Point;
  /** The same, for what is joined to nothing. */
  near?: Point;
  parent?: string | null;
  /** It waits for this task. */
  after?: string;
  /** This task waits for it. */
  before?: string;
  /** It is put on this edge. */
  onEdge?: EdgeId;
}

export class Spots {
  constructor(
    private readonly session: Session,
    private readonly places: Places,
    /** Where something is drawn; undefined while it is not. */
    private readonly drawn: (id: string) => Box | undefined,
  ) {}

  /** Where a task stands, from its parent's corner. */
  placeOf(id: string): Point {
    const task = this.session.task(id);
    return this.places.of(id, task ? positionOf(task) : null);
  }

  /** Where the corner of a group stands on the canvas; null is the canvas itself. */
  cornerOf(group: string | null): Point {
    const corner = { x: 0, y: 0 };
    const { graph } = this.session;
    for (const id of group === null ? [] : [group, ...graph.parentsOf(group)]) {
      const { x, y } = this.placeOf(id);
      corner.x += x;
      corner.y += y;
    }
    return corner;
  }

  /** The group that a new task goes into: the one that it is dropped in, or that of what it is joined to. */
  parentFor({ parent, after, before, onEdge }: Spot): string | null {
    if (parent !== undefined) return parent;
    return this.commonParent([after, before, onEdge?.from, onEdge?.to].filter((id) => id !== undefined));
  }

  /** The group that all of these tasks are in; null when they are in none, or in several. */
  commonParent(ids: Iterable<string>): string | null {
    const [first = null, ...others] = [...ids].map((id) => this.session.graph.parentOf(id));
    return others.every((other) => other === first) ? first : null;
  }

  /** The place of a new task, from its parent's corner. */
  placeFor(spot: Spot, parent: string | null): Point {
    const { x, y } = spot.onEdge ? this.onEdge(spot.onEdge, spot.at) : this.free(TASK_SIZE, this.begin(spot), parent);
    const corner = this.cornerOf(parent);
    return { x: x - corner.x, y: y - corner.y };
  }

  /** The first place from `begin` to the right where nothing of a group stands. */
  free(size: Size, begin: Point, parent: string | null): Point {
    return freeOf(this.boxesIn(parent), size, begin);
  }

  /** What stands where a frame around tasks would be drawn goes to the right of it. */
  clearOfFrame(ids: ReadonlySet<string>, parent: string | null): PlacesById {
    const inside = boxAround([...ids].map((id) => this.boxOf(id)));
    if (!inside) return new Map();
    const frame = framed(inside);
    const others = this.idsIn(parent).filter((id) => !ids.has(id));
    const [hit, clear] = [true, false].map((isHit) => others.filter((id) => overlaps(this.boxOf(id), frame) === isHit)) as [string[], string[]];
    const taken = [frame, ...clear.map((id) => this.boxOf(id))];
    const corner = this.cornerOf(parent);
    return new Map(hit.map((id) => {
      const box = this.boxOf(id);
      const { x, y } = freeOf(taken, box, { x: frame.x + frame.width + ASIDE, y: box.y });
      taken.push({ ...box, x, y });
      return [id, { x: x - corner.x, y: y - corner.y }];
    }));
  }

  private begin(spot: Spot): Point {
    const { at, after, near } = spot;
    if (at) return held(spot, at);
    const above = after === undefined ? undefined : this.boxOf(after);
    if (above) return { x: centreOf(above).x - TASK_SIZE.width / 2, y: above.y + above.height + BELOW };
    if (near) return { x: near.x - TASK_SIZE.width / 2, y: near.y - TASK_SIZE.height / 2 };
    return below(this.boxesIn(null));
  }

  /** Between two tasks: where it was dropped, but clear of the upper one. */
  private onEdge({ from, to }: EdgeId, at: Point | undefined): Point {
    const [upper, lower] = [this.boxOf(from), this.boxOf(to)];
    const middle = at ?? { x: (centreOf(upper).x + centreOf(lower).x) / 2, y: (upper.y + upper.height + lower.y) / 2 };
    return this.clearOf(from, { x: middle.x - TASK_SIZE.width / 2, y: middle.y - TASK_SIZE.height / 2 });
  }

  /** A place on the canvas, moved down as far as needed to be below a task. */
  clearOf(upper: string, { x, y }: Point): Point {
    const box = this.boxOf(upper);
    return { x, y: Math.max(y, box.y + box.height + BELOW) };
  }

  /** Where a task goes that is put into a group, or out of one, without being dragged there: from the new parent's corner. */
  placeIn(parent: string | null, id: string): Point {
    const isInside = parent !== null && !this.session.graph.parentsOf(id).includes(parent);
    if (isInside && this.boxesIn(parent).length === 0) return ORIGIN;
    const begin = isInside ? below(this.boxesIn(parent)) : this.beside(this.session.graph.parentOf(id) ?? id);
    const { x, y } = this.free(TASK_SIZE, begin, parent);
    const corner = this.cornerOf(parent);
    return { x: x - corner.x, y: y - corner.y };
  }

  private beside(id: string): Point {
    const box = this.boxOf(id);
    return { x: box.x + box.width + ASIDE, y: box.y };
  }

  /** How far copies of tasks have to go to stand beside them. */
  besides(ids: Iterable<string>): Point {
    const [first, ...others] = ids;
    const box = first === undefined ? null : boxAround([first, ...others].map((id) => this.boxOf(id)));
    if (!box || first === undefined) return ORIGIN;
    const { x, y } = this.free(box, { x: box.x + box.width + ASIDE, y: box.y }, this.session.graph.parentOf(first));
    return { x: x - box.x, y: y - box.y };
  }

  /** What goes down, and where to, so that a task at a place on an edge has room: the lower end, and all that is no higher. */
  roomBelow({ from, to }: EdgeId, y: number, parent: string | null): PlacesById {
    const { graph, document } = this.session;
    const least = this.placeOf(to).y;
    const by = y + TASK_SIZE.height + BELOW - least;
    if (by <= 0 || graph.parentOf(to) !== parent || graph.parentOf(from) !== parent) return new Map();
    const below = document.tasks.filter(({ id }) => graph.parentOf(id) === parent && this.placeOf(id).y >= least);
    return new Map(below.map(({ id }) => [id, { x: this.placeOf(id).x, y: this.placeOf(id).y + by }]));
  }

  private boxesIn(parent: string | null): Box[] {
    return this.idsIn(parent).map((id) => this.boxOf(id));
  }

  private idsIn(parent: string | null): string[] {
    return this.session.document.tasks.map(({ id }) => id).filter((id) => this.session.graph.parentOf(id) === parent);
  }

  boxOf(id: string): Box {
    return this.drawn(id) ?? { ...TASK_SIZE, ...this.cornerOf(id) };
  }
}

/** The corner of a card that is held by its middle, or by the handle that an edge was drawn to. */
function held({ after, before }: Spot, { x, y }: Point): Point {
  const above = after !== undefined ? 0 : before !== undefined ? TASK_SIZE.height : TASK_SIZE.height / 2;
  return { x: x - TASK_SIZE.width / 2, y: y - above };
}
