/** Commands on places on the canvas. */

import { taskOf, type Task, type TreeDocument } from '../document';
import { Draft, type Edit } from '../edit';
import type { Point } from '../fields';
import { withKey } from '../json';
import { positionOf } from '../task';
import { text } from '../texts';
import { existing, nameAll } from './tasks';

/** Where tasks go. A place is relative to the parent's corner. */
export type Places = ReadonlyMap<string, Point>;

/** Move tasks to other places. One drag is one command. */
export function moveTasks(document: TreeDocument, places: Places): Edit {
  const draft = new Draft(document);
  place(draft, places);
  return draft.finish(text('edit.move', { what: nameAll(document, existing(document, places.keys())) }));
}

/** Take over a layout: places of all tasks, as one step. */
export function applyLayout(document: TreeDocument, places: Places): Edit {
  const draft = new Draft(document);
  place(draft, places);
  return draft.finish(text('edit.layout'));
}

/** Put tasks where they go. */
export function place(draft: Draft, places: Places): void {
  const moved = draft.document.tasks.flatMap((task): Task[] => {
    const to = places.get(task.id);
    const from = positionOf(task);
    if (!to || (from?.x === to.x && from.y === to.y)) return [];
    const { position } = task;
    return [withKey(task, 'position', { ...(position instanceof Object ? position : {}), x: to.x, y: to.y })];
  });
  draft.replaceAll(moved);
}

/** The upper left corner of what tasks take up. */
export function cornerOf(document: TreeDocument, ids: ReadonlySet<string>): Point | null {
  const places = [...ids].flatMap((id) => positionOf(taskOf(document, id)!) ?? []);
  if (places.length === 0) return null;
  return { x: Math.min(...places.map(({ x }) => x)), y: Math.min(...places.map(({ y }) => y)) };
}

/** Where tasks stand when everything is moved by so much. */
export function shifted(document: TreeDocument, ids: Iterable<string>, by: Point): Places {
  return new Map(
    [...ids].flatMap((id): [string, Point][] => {
      const at = positionOf(taskOf(document, id)!);
      return at ? [[id, { x: at.x + by.x, y: at.y + by.y }]] : [];
    }),
  );
}
