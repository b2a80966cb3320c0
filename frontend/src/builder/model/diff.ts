/** What differs between two documents, for the picture of a change. What means the same is no difference. */

import { indexById, taskOf, type Task, type TreeDocument } from './document';
import { taskDefault, treeDefault } from './fields';
import { isObject, sameJSON, type JSONObject, type JSONValue, type Path } from './json';
import { dependenciesOf } from './task';

export type EdgeKey = { readonly from: string; readonly to: string };

/** `undefined` is a value that is not there. */
export interface FieldChange {
  path: Path;
  before: JSONValue | undefined;
  after: JSONValue | undefined;
}

export interface TaskChange {
  before: Task;
  after: Task;
  /** Without the dependencies, which are edges, and the position. */
  fields: readonly FieldChange[];
  isMoved: boolean;
}

export interface DocumentDiff {
  added: readonly Task[];
  removed: readonly Task[];
  changed: readonly TaskChange[];
  edges: {
    added: readonly (EdgeKey & { required: boolean })[];
    removed: readonly (EdgeKey & { required: boolean })[];
    /** Those that became required, or optional; `required` is what they are now. */
    changed: readonly (EdgeKey & { required: boolean })[];
  };
  tree: readonly FieldChange[];
  /** Tasks that both have stand in another order. */
  isReordered: boolean;
}

/** Compare two documents. */
export function diffDocuments(before: TreeDocument, after: TreeDocument): DocumentDiff {
  const kept = after.tasks.filter((task) => indexById(before).has(task.id));
  const changed = kept.map((task) => compareTasks(taskOf(before, task.id)!, task));
  return {
    added: after.tasks.filter((task) => !indexById(before).has(task.id)),
    removed: before.tasks.filter((task) => !indexById(after).has(task.id)),
    changed: changed.filter(({ fields, isMoved }) => fields.length > 0 || isMoved),
    edges: compareEdges(before, after),
    tree: compareObjects(before.tree, after.tree, treeDefault),
    isReordered: before.tasks
      .filter(({ id }) => indexById(after).has(id))
      .some(({ id }, index) => id !== kept[index]!.id),
  };
}

/** Tell whether a difference has nothing in it. */
export function isSame({ added, removed, changed, edges, tree, isReordered }: DocumentDiff): boolean {
  const lists = [added, removed, changed, edges.added, edges.removed, edges.changed, tree];
  return !isReordered && lists.every((list) => list.length === 0);
}

/** The value of a task's field, with the default where it is left out or null. */
export function fieldOf(task: Task, field: string): JSONValue | undefined {
  return valueOf(task, field, taskDefault);
}

function compareTasks(before: Task, after: Task): TaskChange {
  const isMoved = !sameJSON(fieldOf(before, 'position'), fieldOf(after, 'position'));
  const all = compareObjects(before, after, taskDefault);
  const fields = all.filter(({ path }) => path[0] !== 'position' && path[0] !== 'dependencies');
  return { before, after, fields, isMoved };
}

/** List the keys of two objects whose values differ; inside of `inputs` and other objects each key by itself. */
export function compareObjects(
  before: Readonly<JSONObject>,
  after: Readonly<JSONObject>,
  defaultOf: (key: string) => JSONValue | undefined = () => undefined,
): FieldChange[] {
  return allKeys(before, after).flatMap((key) =>
    compareValues([key], valueOf(before, key, defaultOf), valueOf(after, key, defaultOf)),
  );
}

function compareValues(path: Path, before: JSONValue | undefined, after: JSONValue | undefined): FieldChange[] {
  if (sameJSON(before, after)) return [];
  if (!isObject(before) || !isObject(after)) return [{ path, before, after }];
  return allKeys(before, after).flatMap((key) =>
    compareValues([...path, key], valueOf(before, key), valueOf(after, key)),
  );
}

/** The value of a key; with defaults, null counts as left out. */
export function valueOf(
  object: Readonly<JSONObject>,
  key: string,
  defaultOf?: (key: string) => JSONValue | undefined,
): JSONValue | undefined {
  const value = Object.hasOwn(object, key) ? object[key] : undefined;
  return defaultOf ? (value ?? defaultOf(key)) : value;
}

/** The keys of several objects, each once. */
export function allKeys(...objects: Readonly<JSONObject>[]): string[] {
  return [...new Set(objects.flatMap((object) => Object.keys(object)))];
}

type Edges = ReadonlyMap<string, EdgeKey & { required: boolean }>;

function compareEdges(before: TreeDocument, after: TreeDocument): DocumentDiff['edges'] {
  const old = edgesIn(before);
  const now = edgesIn(after);
  return {
    added: [...now].flatMap(([key, edge]) => (old.has(key) ? [] : [edge])),
    removed: [...old].flatMap(([key, edge]) => (now.has(key) ? [] : [edge])),
    changed: [...now].flatMap(([key, edge]) =>
      (old.get(key)?.required ?? edge.required) === edge.required ? [] : [edge],
    ),
  };
}

function edgesIn(document: TreeDocument): Edges {
  return new Map(
    document.tasks.flatMap((task) =>
      dependenciesOf(task).map(
        ({ id, required }) => [JSON.stringify([id, task.id]), { from: id, to: task.id, required }] as const,
      ),
    ),
  );
}
