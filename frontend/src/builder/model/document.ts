/** The portable tree document. Documents are never changed in place: an edit makes a new one that shares the rest. */

import { FORMAT, VERSION } from './fields';
import { isObject, type JSONObject, type JSONValue } from './json';
import { readForeignTasks } from './foreign';
import { isProblem, readJSON, type TextProblem } from './json-text';
import { text } from './texts';

/** One task. Fields that are not known here are kept; read the known ones with the functions of `task.ts`. */
export type Task = { readonly id: string; readonly name: string } & Readonly<JSONObject>;

export type TreeFields = { readonly name: string } & Readonly<JSONObject>;

export interface TreeDocument {
  readonly tree: TreeFields;
  /** In the order that decides who is first among equals. Ids are unique. */
  readonly tasks: readonly Task[];
  /** Keys beside `format`, `version`, `tree` and `tasks`, which the server refuses, and which are kept until then. */
  readonly rest: Readonly<JSONObject>;
}

/** A document that was opened. `notices` say in words what was changed to be able to show it. */
export interface Opened {
  document: TreeDocument;
  notices: readonly string[];
}

/** Why a value is no document. */
export interface Refusal {
  refusal: string;
}

export type NewId = () => string;

const newUUID: NewId = () => crypto.randomUUID();

/** Make a document without tasks. */
export function emptyDocument(name: string): TreeDocument {
  return { tree: { name }, tasks: [], rest: {} };
}

/** Read a text: our format, or apflow's plain array of tasks. */
export function parseDocument(source: string, name: string, newId: NewId = newUUID): Opened | Refusal | TextProblem {
  const read = readJSON(source);
  if (isProblem(read)) return read;
  const opened = openDocument(read.value, name, newId);
  if ('refusal' in opened) return opened;
  const inexact = read.inexact.map(({ literal }) => text('document.inexact', { literal }));
  return { ...opened, notices: [...inexact, ...opened.notices] };
}

/** Open a document or a plain array; `name` is for a tree that has none. */
export function openDocument(value: JSONValue, name: string, newId: NewId = newUUID): Opened | Refusal {
  if (Array.isArray(value)) return fromArray(value, name, newId);
  if (!isObject(value)) return { refusal: text('document.neither') };
  if (value.format !== FORMAT) return { refusal: text('document.format', { format: FORMAT }) };
  if (value.version !== VERSION) return { refusal: text('document.version', { version: VERSION }) };
  const { format: _format, version: _version, tree, tasks, ...rest } = value;
  if (!Array.isArray(tasks)) return { refusal: text('document.tasks') };
  const read = readTasks(tasks, newId);
  if ('refusal' in read) return read;
  const fields = isObject(tree) ? tree : {};
  const named = { ...fields, name: typeof fields.name === 'string' ? fields.name : name };
  return { document: { tree: named, tasks: read.tasks, rest }, notices: read.notices };
}

function fromArray(items: JSONValue[], name: string, newId: NewId): Opened | Refusal {
  const read = readTasks(items, newId);
  if ('refusal' in read) return read;
  return { document: { ...emptyDocument(name), tasks: readForeignTasks(read.tasks) }, notices: read.notices };
}

function readTasks(items: JSONValue[], newId: NewId): { tasks: Task[]; notices: string[] } | Refusal {
  const ids = new Set<string>();
  const notices: string[] = [];
  const tasks: Task[] = [];
  for (const [index, item] of items.entries()) {
    if (!isObject(item)) return { refusal: text('document.task', { index }) };
    const task = asTask(item, ids, newId);
    if (typeof item.id === 'string' && item.id !== task.id) {
      notices.push(text('document.sameId', { name: task.name, id: item.id }));
    }
    ids.add(task.id);
    tasks.push(task);
  }
  return { tasks, notices };
}

function asTask(item: JSONObject, taken: ReadonlySet<string>, newId: NewId): Task {
  const { id, name } = item;
  const isFree = typeof id === 'string' && id !== '' && !taken.has(id);
  const kept = isFree ? id : newId();
  const called = typeof name === 'string' ? name : '';
  return isFree && called === name ? (item as Task) : ({ ...item, id: kept, name: called } as Task);
}

/** Return the document as plain JSON. */
export function documentJSON(document: TreeDocument): JSONObject {
  const { tree, tasks, rest } = document;
  return {
    format: FORMAT,
    version: VERSION,
    tree: tree as JSONObject,
    tasks: tasks as readonly JSONObject[] as JSONObject[],
    ...rest,
  };
}

/** Write the document for people: two blanks a level, tasks and keys in their order. */
export function documentText(document: TreeDocument): string {
  return `${JSON.stringify(documentJSON(document), null, 2)}\n`;
}

const indexes = new WeakMap<readonly Task[], ReadonlyMap<string, number>>();

/** Return where each task stands in the document's list. */
export function indexById(document: TreeDocument): ReadonlyMap<string, number> {
  let index = indexes.get(document.tasks);
  if (!index) {
    index = new Map(document.tasks.map((task, place) => [task.id, place]));
    indexes.set(document.tasks, index);
  }
  return index;
}

/** Return the task with an id. */
export function taskOf(document: TreeDocument, id: string): Task | undefined {
  const place = indexById(document).get(id);
  return place === undefined ? undefined : document.tasks[place];
}
