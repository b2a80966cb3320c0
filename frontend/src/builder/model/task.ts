/** Reading a task's fields: what is missing, null or of the wrong kind counts as the default. */

import type { Task, TreeDocument } from './document';
import type { Dependency, Point, Priority } from './fields';
import { isObject, type JSONObject, type JSONValue } from './json';

/** The dependencies in declared order; of what is no dependency nothing is told. */
export function dependenciesOf(task: Task): Dependency[] {
  if (!Array.isArray(task.dependencies)) return [];
  return task.dependencies.flatMap((edge) => readDependency(edge) ?? []);
}

/** Read one entry of `dependencies`: a bare id is a required one. */
export function readDependency(edge: JSONValue): Dependency | null {
  if (typeof edge === 'string') return { id: edge, required: true };
  return isObject(edge) && typeof edge.id === 'string' ? { id: edge.id, required: edge.required !== false } : null;
}

export function parentOf(task: Task): string | null {
  return typeof task.parent_id === 'string' && task.parent_id !== '' ? task.parent_id : null;
}

export function priorityOf(task: Task): Priority {
  const { priority } = task;
  return priority === 0 || priority === 1 || priority === 3 ? priority : 2;
}

export function inputsOf(task: Task): JSONObject {
  return isObject(task.inputs) ? task.inputs : {};
}

export function positionOf(task: Task): Point | null {
  const { position } = task;
  if (!isObject(position) || typeof position.x !== 'number' || typeof position.y !== 'number') return null;
  return { x: position.x, y: position.y };
}

export function isEnabled(task: Task): boolean {
  return task.enabled !== false;
}

export function isPinned(task: Task): boolean {
  return isObject(task.pinned) && 'result' in task.pinned;
}

export function notesOf(task: Task): string {
  return typeof task.notes === 'string' ? task.notes : '';
}

/**
 * The executor that a task names, by field, params, schemas or, with the executors that there are, its own name.
 *
 * The same rule as orchestration/engine/definition.py.
 */
export function executorOf(task: Task, known?: ReadonlySet<string>): string | null {
  const params = isObject(task.params) ? task.params : {};
  const schemas = isObject(task.schemas) ? task.schemas : {};
  for (const said of [task.executor, params.executor_id, schemas.method, schemas.executor]) {
    if (typeof said === 'string' && said !== '') return said;
  }
  return known?.has(task.name) ? task.name : null;
}

/** The ids of a task's children, in the document's order, for every task that has any. */
export function childrenById(document: TreeDocument): Map<string, string[]> {
  const children = new Map<string, string[]>();
  for (const task of document.tasks) {
    const parent = parentOf(task);
    if (parent === null) continue;
    const known = children.get(parent);
    if (known) known.push(task.id);
    else children.set(parent, [task.id]);
  }
  return children;
}

/** The given tasks and everything below them. */
export function withDescendants(document: TreeDocument, ids: Iterable<string>): Set<string> {
  const children = childrenById(document);
  const found = new Set<string>();
  const stack = [...ids];
  for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    stack.push(...(children.get(id) ?? []));
  }
  return found;
}

/** Return the name, or one like it that no task has. */
export function freeName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  const stem = name.replace(/ \d+$/, '');
  for (let number = 2; ; number += 1) {
    const candidate = `${stem} ${number}`;
    if (!taken.has(candidate)) return candidate;
  }
}
