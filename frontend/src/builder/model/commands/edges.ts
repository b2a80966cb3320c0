/** Commands on dependencies. Whether an edge may be made is `graph.ts`'s question. */

import type { Task, TreeDocument } from '../document';
import { Draft, type Edit } from '../edit';
import { readDependency } from '../task';
import { withKey, withoutKey, type JSONObject, type JSONValue } from '../json';
import { text } from '../texts';

/** An edge: `to` waits for `from`. */
export interface EdgeId {
  from: string;
  to: string;
}

/** Let `to` wait for `from`. */
export function connect(document: TreeDocument, { from, to }: EdgeId, required = true): Edit {
  const draft = new Draft(document);
  addEdge(draft, from, to, required);
  return draft.finish(text('edit.connect', namesOf(document, { from, to })));
}

/** Let `to` no longer wait for `from`. */
export function disconnect(document: TreeDocument, edges: readonly EdgeId[]): Edit {
  const draft = new Draft(document);
  for (const { from, to } of edges) removeEdge(draft, from, to);
  return draft.finish(edges[0] ? text('edit.disconnect', namesOf(document, edges[0])) : '');
}

/** Say whether `to` runs only when `from` completed, or waits for its end whatever that is. */
export function setRequired(document: TreeDocument, edges: readonly EdgeId[], required: boolean): Edit {
  const draft = new Draft(document);
  for (const { from, to } of edges) {
    editEdges(draft, to, (edge, id) => [id === from ? withRequired(edge, id, required) : edge]);
  }
  const key = required ? 'edit.required' : 'edit.optional';
  return draft.finish(edges[0] ? text(key, namesOf(document, edges[0])) : '');
}

/** Put a new task on an edge: it waits for `from`, and `to` waits for it as `to` waited for `from`. */
export function splitEdge(document: TreeDocument, { from, to }: EdgeId, task: Task): Edit {
  const draft = new Draft(document);
  draft.insert([withKey(task, 'dependencies', [{ id: from, required: true }])]);
  retarget(draft, { from, to }, task.id);
  const label = text('edit.split', { ...namesOf(document, { from, to }), name: task.name });
  return draft.finish(label, { select: [task.id] });
}

/** Put a task that is there on an edge: what else it waits for it keeps. */
export function dropOnEdge(document: TreeDocument, { from, to }: EdgeId, id: string): Edit {
  const draft = new Draft(document);
  addEdge(draft, from, id, true);
  retarget(draft, { from, to }, id);
  const name = draft.task(id)?.name ?? id;
  return draft.finish(text('edit.split', { ...namesOf(document, { from, to }), name }), { select: [id] });
}

/** Add an edge at the end of `to`'s dependencies, or at a place in them. */
export function addEdge(draft: Draft, from: string, to: string, required: boolean): void {
  const task = draft.task(to);
  if (!task || from === to || edgesOf(task).some((edge) => readDependency(edge)?.id === from)) return;
  draft.replace(withEdges(task, [...edgesOf(task), { id: from, required }]));
}

function removeEdge(draft: Draft, from: string, to: string): void {
  editEdges(draft, to, (edge, id) => (id === from ? [] : [edge]));
}

function retarget(draft: Draft, { from, to }: EdgeId, through: string): void {
  const isThere = edgesOf(draft.task(to)).some((edge) => readDependency(edge)?.id === through);
  editEdges(draft, to, (edge, id) => {
    if (id !== from) return [edge];
    return isThere ? [] : [withId(edge, through)];
  });
}

/** Replace each of a task's dependencies by none, one or several; the order stays. */
export function editEdges(
  draft: Draft,
  taskId: string,
  change: (edge: JSONValue, id: string | undefined) => JSONValue[],
): void {
  const task = draft.task(taskId);
  if (!task) return;
  const before = edgesOf(task);
  const after = before.flatMap((edge) => change(edge, readDependency(edge)?.id));
  const isSame = after.length === before.length && after.every((edge, index) => edge === before[index]);
  if (!isSame) draft.replace(withEdges(task, after));
}

/** A task's dependencies as they stand in the document. */
export function edgesOf(task: Task | undefined): readonly JSONValue[] {
  return Array.isArray(task?.dependencies) ? task.dependencies : [];
}

/** Return the task with other dependencies. */
export function withEdges(task: Task, edges: readonly JSONValue[]): Task {
  return edges.length === 0 ? withoutKey(task, 'dependencies') : withKey(task, 'dependencies', edges);
}

/** Return an edge that leads to another task, and is as it was otherwise. */
export function withId(edge: JSONValue, id: string): JSONValue {
  return typeof edge === 'string' ? id : { ...(edge as JSONObject), id };
}

function withRequired(edge: JSONValue, id: string, required: boolean): JSONValue {
  if (readDependency(edge)?.required === required) return edge;
  return typeof edge === 'string' ? { id, required } : { ...(edge as JSONObject), required };
}

/** The names of an edge's ends. */
export function namesOf(document: TreeDocument, { from, to }: EdgeId): EdgeId {
  const draft = new Draft(document);
  return { from: draft.task(from)?.name ?? from, to: draft.task(to)?.name ?? to };
}
