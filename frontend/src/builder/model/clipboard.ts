/** The clipboard: tasks as plain JSON that is a tree document itself, so that it pastes anywhere and imports, too. */

import { documentText, openDocument, type NewId, type Task, type TreeDocument } from './document';
import { FORMAT, VERSION } from './fields';
import { isObject, type JSONValue } from './json';
import { isProblem, readJSON } from './json-text';
import { withDescendants } from './task';
import { text } from './texts';

/** Write tasks, and everything inside of them, for the clipboard. */
export function copyTasks(document: TreeDocument, ids: Iterable<string>): string {
  const chosen = withDescendants(document, ids);
  const tasks = document.tasks.filter((task) => chosen.has(task.id));
  return documentText({ tree: { name: document.tree.name }, tasks, rest: {} });
}

/** Read what was copied here, by another builder or by hand: a document, a plain array of tasks, or one task. */
export function readClipboard(source: string, newId?: NewId): { tasks: readonly Task[] } | { refusal: string } {
  if (source.trim() === '') return { refusal: text('paste.nothing') };
  const read = readJSON(source);
  if (isProblem(read)) return { refusal: `${read.message} (${read.line}:${read.column})` };
  const opened = openDocument(asDocument(read.value), '', newId);
  if ('refusal' in opened) return opened;
  const { tasks } = opened.document;
  return tasks.length === 0 ? { refusal: text('paste.noTasks') } : { tasks };
}

function asDocument(value: JSONValue): JSONValue {
  const isTask = isObject(value) && value.format === undefined && typeof value.name === 'string';
  if (isTask) return [value];
  const isList = isObject(value) && value.format === undefined && Array.isArray(value.tasks);
  return isList ? { format: FORMAT, version: VERSION, ...value } : value;
}
