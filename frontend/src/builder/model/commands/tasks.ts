/** Commands on tasks: making, deleting, naming, and their fields. */

import { keepBindings, Names } from '../bindings';
import { fieldOf } from '../diff';
import { taskOf, type Task, type TreeDocument } from '../document';
import { Draft, type Edit } from '../edit';
import { taskDefault, treeDefault } from '../fields';
import { sameJSON, setAt, withKey, withoutKey, type JSONObject, type JSONValue, type Path } from '../json';
import { childrenById, dependenciesOf, inputsOf, parentOf, readDependency } from '../task';
import { text, textOfTasks } from '../texts';
import { editEdges } from './edges';

/** Add a task. With `after` it waits for that one. */
export function addTask(document: TreeDocument, task: Task, after?: { id: string; required: boolean }): Edit {
  const draft = new Draft(document);
  draft.insert([after ? withKey(task, 'dependencies', [{ ...after }]) : task]);
  return draft.finish(text('edit.add', { name: task.name }), { select: [task.id] });
}

/** Delete tasks. What waited for them no longer does; children of a deleted task move up to its parent. */
export function removeTasks(document: TreeDocument, ids: Iterable<string>): Edit {
  const gone = existing(document, ids);
  const draft = new Draft(document);
  for (const task of document.tasks) {
    if (gone.has(task.id)) continue;
    editEdges(draft, task.id, (edge, id) => (id !== undefined && gone.has(id) ? [] : [edge]));
  }
  return removeFrom(draft, gone, 'edit.remove');
}

/** Delete tasks, and let what waited for them wait for what they waited for; optional stays optional. */
export function removeAndReconnect(document: TreeDocument, ids: Iterable<string>): Edit {
  const gone = existing(document, ids);
  const draft = new Draft(document);
  for (const id of gone) bridge(draft, id);
  return removeFrom(draft, gone, 'edit.reconnect');
}

function bridge(draft: Draft, gone: string): void {
  const upstream = dependenciesOf(draft.task(gone)!);
  for (const task of draft.document.tasks) {
    const known = new Set(dependenciesOf(task).map((edge) => edge.id));
    if (!known.has(gone)) continue;
    editEdges(draft, task.id, (edge, id) => {
      if (id !== gone) return [edge];
      const isRequired = readDependency(edge)!.required;
      return upstream
        .filter((further) => !known.has(further.id) && further.id !== task.id)
        .map((further) => ({ id: further.id, required: isRequired && further.required }));
    });
  }
}

function removeFrom(draft: Draft, gone: ReadonlySet<string>, key: 'edit.remove' | 'edit.reconnect'): Edit {
  const label = text(key, { what: nameAll(draft.document, gone) });
  const children = childrenById(draft.document);
  for (const id of gone) {
    for (const child of children.get(id) ?? []) if (!gone.has(child)) setParent(draft, child, heir(draft, id, gone));
  }
  draft.remove(gone);
  return draft.finish(label, { select: [] });
}

function heir(draft: Draft, id: string, gone: ReadonlySet<string>): string | null {
  let parent = parentOf(draft.task(id)!);
  const seen = new Set([id]);
  while (parent !== null && gone.has(parent) && !seen.has(parent)) {
    seen.add(parent);
    parent = parentOf(draft.task(parent)!);
  }
  return parent !== null && gone.has(parent) ? null : parent;
}

/** Write a task's parent; null is none. */
export function setParent(draft: Draft, id: string, parent: string | null): void {
  const task = draft.task(id);
  if (!task || parentOf(task) === parent) return;
  draft.replace(parent === null ? withoutKey(task, 'parent_id') : withKey(task, 'parent_id', parent));
}

/** Rename a task. Bindings keep meaning the tasks that they meant, by the new name, or by id where a name is shared. */
export function renameTask(document: TreeDocument, id: string, name: string): Edit {
  const draft = new Draft(document);
  const task = draft.task(id);
  if (!task || task.name === name) return draft.finish('');
  const before = new Names(document);
  draft.replace(withKey(task, 'name', name));
  draft.replaceAll(keepBindings(draft.document.tasks, new Names(draft.document), (said) => before.resolve(said)));
  return draft.finish(text('edit.rename', { from: task.name, to: name }), { mergeKey: `rename ${id}` });
}

/** Set one field of tasks; what means the default is left out of the document. Names have a command of their own. */
export function setField(document: TreeDocument, ids: Iterable<string>, field: string, value: JSONValue): Edit {
  const chosen = [...existing(document, ids)];
  const draft = new Draft(document);
  const others = chosen.map((id) => draft.task(id)!).filter((task) => !sameJSON(fieldOf(task, field), value));
  draft.replaceAll(others.map((task) => withField(task, field, value)));
  const label = text('edit.fields', { field, what: nameAll(document, new Set(chosen)) });
  return draft.finish(label, { mergeKey: `${field} ${chosen.join(' ')}` });
}

function withField(task: Task, field: string, value: JSONValue): Task {
  return sameJSON(value, taskDefault(field)) ? withoutKey(task, field) : withKey(task, field, value);
}

/** Set all inputs of a task. */
export function setInputs(document: TreeDocument, id: string, inputs: JSONObject): Edit {
  return setInput(document, id, [], inputs);
}

/** Set one value in a task's inputs; `undefined` removes it. */
export function setInput(document: TreeDocument, id: string, path: Path, value: JSONValue | undefined): Edit {
  const draft = new Draft(document);
  const task = draft.task(id);
  if (!task) return draft.finish('');
  const inputs = (setAt(inputsOf(task), path, value) ?? {}) as JSONObject;
  if (!sameJSON(inputs, inputsOf(task))) draft.replace(withField(task, 'inputs', inputs));
  return draft.finish(text('edit.inputs', { name: task.name }), { mergeKey: `inputs ${id} ${JSON.stringify(path)}` });
}

/** Set a field of the tree. */
export function setTreeField(document: TreeDocument, field: string, value: JSONValue): Edit {
  const draft = new Draft(document);
  const { tree } = document;
  const after = sameJSON(value, treeDefault(field)) ? withoutKey(tree, field) : withKey(tree, field, value);
  if (!sameJSON(tree[field] ?? treeDefault(field), value)) draft.replaceDocument({ ...document, tree: after });
  return draft.finish(text('edit.tree', { field }), { mergeKey: `tree ${field}` });
}

/** Replace the whole document, as the JSON view, an import or a restored version does. */
export function replaceDocument(document: TreeDocument, after: TreeDocument): Edit {
  const draft = new Draft(document);
  if (document !== after) draft.replaceDocument(after);
  return draft.finish(text('edit.replace'), { select: [] });
}

/** Those of the ids that the document has, in the document's order. */
export function existing(document: TreeDocument, ids: Iterable<string>): Set<string> {
  const wanted = new Set(ids);
  return new Set(document.tasks.filter((task) => wanted.has(task.id)).map((task) => task.id));
}

/** Say which tasks are meant. */
export function nameAll(document: TreeDocument, ids: ReadonlySet<string>): string {
  return textOfTasks([...ids].map((id) => taskOf(document, id)?.name ?? id));
}
