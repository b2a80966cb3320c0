/** Deciding for the other side, where two have changed the same thing. A merged document has mine to begin with. */

import { addTask, removeTasks, replaceDocument } from '../model/commands';
import type { Task, TreeDocument } from '../model/document';
import { Draft, type Edit } from '../model/edit';
import { isObject, setAt, type JSONObject, type JSONValue } from '../model/json';
import type { Conflict } from '../model/merge';

/** Return what makes the other side's version of a document out of mine, in one place. */
export function applyTheirs({ kind, taskId, path, sides }: Conflict): (document: TreeDocument) => Edit {
  return (document) => {
    if (kind === 'removed' && taskId !== null) return takeOrRemove(document, taskId, sides.theirs);
    if (kind === 'value' && taskId !== null) return setInTask(document, taskId, path, sides.theirs);
    if (kind === 'value') return replaceDocument(document, setInDocument(document, path, sides.theirs));
    if (kind === 'order') return replaceDocument(document, { ...document, tasks: ordered(document, sides.theirs) });
    return takeDependencies(document, sides.theirs);
  };
}

function takeOrRemove(document: TreeDocument, id: string, theirs: JSONValue | undefined): Edit {
  if (theirs === undefined) return removeTasks(document, [id]);
  const draft = new Draft(document);
  if (!draft.task(id)) return addTask(document, theirs as Task);
  draft.replace(theirs as Task);
  return draft.finish('Take the other version');
}

function setInTask(document: TreeDocument, id: string, path: Conflict['path'], theirs: JSONValue | undefined): Edit {
  const draft = new Draft(document);
  const task = draft.task(id);
  if (!task) return draft.finish('');
  const [field, edge] = path;
  const after = field === 'dependencies' && typeof edge === 'string' ? withEdge(task, edge, theirs) : setAt(task, path, theirs);
  draft.replace(after as Task);
  return draft.finish('Take the other value');
}

function withEdge(task: Task, id: string, theirs: JSONValue | undefined): Task {
  const edges = Array.isArray(task.dependencies) ? task.dependencies : [];
  const others = edges.filter((edge) => (isObject(edge) ? edge.id : edge) !== id);
  return { ...task, dependencies: theirs === undefined ? others : [...others, theirs] };
}

function setInDocument(document: TreeDocument, path: Conflict['path'], theirs: JSONValue | undefined): TreeDocument {
  const [root, ...rest] = path;
  if (root !== 'tree') return { ...document, rest: setAt(document.rest as JSONObject, path, theirs) as JSONObject };
  return { ...document, tree: setAt(document.tree as JSONObject, rest, theirs) as TreeDocument['tree'] };
}

function ordered(document: TreeDocument, theirs: JSONValue | undefined): Task[] {
  const places = new Map((Array.isArray(theirs) ? theirs : []).map((id, place) => [id, place]));
  return [...document.tasks].sort((a, b) => (places.get(a.id) ?? Infinity) - (places.get(b.id) ?? Infinity));
}

/** Of a cycle that only both sides together make: the dependencies as the other side has them. */
function takeDependencies(document: TreeDocument, theirs: JSONValue | undefined): Edit {
  const draft = new Draft(document);
  for (const entry of Array.isArray(theirs) ? theirs : []) {
    const task = isObject(entry) ? draft.task(String(entry.id)) : undefined;
    if (!task || !isObject(entry)) continue;
    draft.replace({ ...task, dependencies: entry.dependencies ?? [], parent_id: entry.parent_id ?? null });
  }
  return draft.finish('Take the other dependencies');
}
