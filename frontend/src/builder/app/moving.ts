/** What moves tasks: a drag on the canvas, a move in the outline, a layout. */

import type { Move } from '../../canvas/events';
import { dropOnEdge, moveTasks, reorder, reparent, type EdgeId, type Places as PlacesById } from '../model/commands';
import type { Point } from '../model/fields';
import { withDescendants } from '../model/task';
import type { Make } from './combined';
import { layoutRequest, type LayoutWorker } from './places.svelte';
import type { Session } from './session.svelte';
import type { Spots } from './spots';

/** Steps of the canvas's grid. */
const GRID = 8;

/** The point of the grid that is nearest. */
export function snapped({ x, y }: Point): Point {
  return { x: Math.round(x / GRID) * GRID, y: Math.round(y / GRID) * GRID };
}

/** Carry a drag out: places, groups, and the edge that a single task fell on. */
export function dragged(moves: readonly Move[], edge: EdgeId | null, { graph }: Session, spots: Spots): Make[] {
  const places: PlacesById = new Map(moves.map(({ id, x, y }) => [id, snapped({ x, y })]));
  const regrouped = [...new Set(moves.map((move) => move.parent))].map((parent): Make => {
    const ids = moves.filter((move) => move.parent === parent && graph.parentOf(move.id) !== parent).map((move) => move.id);
    return (document) => reparent(document, ids, parent);
  });
  const [only, ...others] = moves;
  const isSplit = edge !== null && only && others.length === 0 && edge.from !== only.id && edge.to !== only.id;
  return [(document) => moveTasks(document, places), ...regrouped, ...(isSplit ? droppedOn(edge, only, spots) : [])];
}

function droppedOn(edge: EdgeId, { id, parent, x, y }: Move, spots: Spots): Make[] {
  const corner = spots.cornerOf(parent);
  const clear = spots.clearOf(edge.from, { x: x + corner.x, y: y + corner.y });
  const place = snapped({ x: clear.x - corner.x, y: clear.y - corner.y });
  const places = new Map([...spots.roomBelow(edge, place.y, parent), [id, place]]);
  return [(document) => moveTasks(document, places), (document) => dropOnEdge(document, edge, id)];
}

/** Put tasks into a group, or out of all, and before another one in the tree's order. */
export function putInto(parent: string | null, before: string | null, ids: readonly string[], { graph }: Session, spots: Spots): Make[] {
  const moving = ids.filter((id) => graph.parentOf(id) !== parent);
  const step = moving.map((id): Make => {
    const place = snapped(spots.placeIn(parent, id));
    return (document) => reparent(document, [id], parent, new Map([[id, place]]));
  });
  return [(document) => reorder(document, ids, before), ...step];
}

/** The places that a layout gives to everything, or to several tasks that are selected and what is inside of them. */
export async function tidied({ document, selection }: Session, collapsed: ReadonlySet<string>, layouts: LayoutWorker, spots: Spots): Promise<PlacesById> {
  const chosen = selection.tasks.size > 1 ? withDescendants(document, selection.tasks) : null;
  const request = layoutRequest(document, collapsed, chosen ?? undefined);
  const inside = new Set(request.nodes.filter((node) => node.parent !== null).map((node) => node.id));
  const tops = request.nodes.map((node) => node.id).filter((id) => !inside.has(id));
  const before = tops.map((id) => spots.placeOf(id));
  // A part stays where it begins; the whole begins at the origin.
  const corner = chosen ? { x: Math.min(...before.map(({ x }) => x)), y: Math.min(...before.map(({ y }) => y)) } : { x: 0, y: 0 };
  const placed = await layouts.run(request);
  return new Map([...placed].map(([id, { x, y }]) => [id, inside.has(id) ? { x, y } : { x: x + corner.x, y: y + corner.y }]));
}
