/** New tasks, and copies of tasks: with their names, their places, and what joins them to others. */

import {
  addTask, connect, COPY_OFFSET, duplicateTasks, moveTasks, shifted, splitEdge,
} from '../model/commands';
import type { NewId, Task, TreeDocument } from '../model/document';
import { applyChanges, type Edit } from '../model/edit';
import type { Point } from '../model/fields';
import { freeName } from '../model/task';
import type { Catalogue } from './catalogue';
import { combined, type Make } from './combined';
import type { Spot, Spots } from './spots';
import { say } from './words';

/** The names that are taken. */
export function namesIn(document: TreeDocument): Set<string> {
  return new Set(document.tasks.map((task) => task.name));
}

/** A task that runs an executor, with the inputs of its example; null makes an empty group. */
export function newTask(id: string, executorId: string | null, document: TreeDocument, catalogue: Catalogue): Task {
  const taken = namesIn(document);
  if (executorId === null) return { id, name: freeName(say('task.group'), taken) };
  const inputs = catalogue.startInputs(executorId);
  const name = freeName(catalogue.get(executorId)?.name ?? executorId, taken);
  return { id, name, executor: executorId, ...(Object.keys(inputs).length ? { inputs } : {}) };
}

/** Add a task at a place, and join it to what its spot names. */
export function added(task: Task, at: Point, { after, before, onEdge }: Spot, spots: Spots): Make[] {
  if (onEdge) {
    const room = spots.roomBelow(onEdge, at.y, spots.parentFor({ onEdge }));
    return [(document) => moveTasks(document, room), (document) => splitEdge(document, onEdge, task)];
  }
  if (before === undefined) return [(document) => addTask(document, task, after === undefined ? undefined : { id: after, required: true })];
  return [(document) => addTask(document, task), (document) => named(connect(document, { from: task.id, to: before }), addTask(document, task).label)];
}

/** Copy tasks, and put the copies so far away from them. */
export function copiedBeside(ids: Iterable<string>, by: Point, newId: NewId): Make {
  return (document) => {
    const copied = duplicateTasks(document, ids, newId);
    const places = shifted(applyChanges(document, copied.changes), copied.select ?? [], { x: by.x - COPY_OFFSET, y: by.y - COPY_OFFSET });
    // That a copy is called otherwise than what it is a copy of needs no telling.
    return combined(document, [() => ({ ...copied, notices: [] }), (now) => named(moveTasks(now, places), copied.label)]);
  };
}

function named(edit: Edit, label: string): Edit {
  return { ...edit, label };
}
