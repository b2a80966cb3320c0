/** Which task of one run is which of another: by id, then by name. */

import type { Task, TreeDocument } from '../../builder/model/document';
import { dependenciesOf, parentOf } from '../../builder/model/task';

/** For ids of the right run the ids of the left one that they stand for. A name counts where it is one task's alone. */
export function matchTasks(left: readonly Task[], right: readonly Task[]): Map<string, string> {
  const leftIds = new Set(left.map(({ id }) => id));
  const matched = new Map(right.filter(({ id }) => leftIds.has(id)).map(({ id }) => [id, id]));
  const taken = new Set(matched.values());
  const byName = singleByName(left.filter(({ id }) => !taken.has(id)));
  for (const [name, id] of singleByName(right.filter((task) => !matched.has(task.id)))) {
    const other = byName.get(name);
    if (other !== undefined) matched.set(id, other);
  }
  return matched;
}

function singleByName(tasks: readonly Task[]): Map<string, string> {
  const found = new Map<string, string>();
  const twice = new Set<string>();
  for (const { id, name } of tasks) {
    if (found.has(name)) twice.add(name);
    found.set(name, id);
  }
  for (const name of twice) found.delete(name);
  return found;
}

/** The right run's document with the ids of the left one. */
export function renamed(document: TreeDocument, matched: ReadonlyMap<string, string>): TreeDocument {
  const real = (id: string): string => matched.get(id) ?? id;
  const tasks = document.tasks.map((task): Task => {
    const parent = parentOf(task);
    const dependencies = dependenciesOf(task).map(({ id, required }) => ({ id: real(id), required }));
    return { ...task, id: real(task.id), ...(parent === null ? {} : { parent_id: real(parent) }), ...(dependencies.length ? { dependencies } : {}) };
  });
  return { ...document, tasks };
}
