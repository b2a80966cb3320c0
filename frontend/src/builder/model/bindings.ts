/** Bindings: what a task takes from the results of others, by `{{ tasks.NAME.result.path }}` in its inputs. */

import type { Task, TreeDocument } from './document';
import { findReferences, referenceText, replaceReferences, stepText } from './expressions';
import { eachText, getAt, isObject, mapTexts, type JSONValue, type Path } from './json';
import { inputsOf } from './task';

/** One reference in a task's inputs. `path` leads to the text that holds it. */
export interface Binding {
  path: Path;
  text: string;
  name: string;
  from: number;
  to: number;
}

/** List the bindings in a task's inputs. */
export function bindingsOf(task: Task): Binding[] {
  const found: Binding[] = [];
  eachText(inputsOf(task), (text, path) => {
    for (const reference of findReferences(text)) found.push({ path, text, ...reference });
  });
  return found;
}

/** Write the expression for a value of a task's result: `{{ tasks.fetch.result.rows[0] }}`. */
export function bindingText(name: string, path: Path = []): string {
  return `{{ ${referenceText(name)}.result${path.map(stepText).join('')} }}`;
}

/** Put a binding into a text in place of a selection; an empty text, or one that is selected whole, becomes it. */
export function insertBinding(
  text: string,
  binding: string,
  from: number,
  to: number,
): { text: string; cursor: number } {
  return { text: text.slice(0, from) + binding + text.slice(to), cursor: from + binding.length };
}

/** What `tasks.NAME.result` shows of a result: a `{"status", "result"}` envelope is taken off. */
export function unwrapResult(returned: JSONValue): JSONValue {
  return isObject(returned) && 'status' in returned && 'result' in returned ? returned.result! : returned;
}

/** The value that a binding would bring, from the result of an earlier run; `undefined` when it is not there. */
export function previewBinding(returned: JSONValue, path: Path): JSONValue | undefined {
  return getAt(unwrapResult(returned), path);
}

/** Finds the task that a name in an expression means: the one of that name, or else of that id. */
export class Names {
  private readonly byName = new Map<string, string | null>();
  private readonly nameById = new Map<string, string>();

  constructor(document: TreeDocument) {
    for (const { id, name } of document.tasks) {
      this.byName.set(name, this.byName.has(name) ? null : id);
      this.nameById.set(id, name);
    }
  }

  /** Return the id of the task that is meant; null for none or several. */
  resolve(name: string): string | null {
    return this.byName.get(name) ?? (this.nameById.has(name) ? name : null);
  }

  /**
   * How to name a task: by its name where that is its alone, else by its id.
   *
   * Null when there is no such task, and when it can't be named: its name is shared, and its id is another one's name.
   */
  nameFor(id: string): string | null {
    const name = this.nameById.get(id);
    if (name === undefined) return null;
    if (this.byName.get(name) === id) return name;
    return this.resolve(id) === id ? id : null;
  }
}

/**
 * Return the tasks with bindings written so that they mean the same tasks by the names of now as by those of before.
 *
 * `meant` says which task a name in a task's inputs stood for. A task without a change is the same object.
 */
export function keepBindings(
  tasks: readonly Task[],
  now: Names,
  meant: (name: string, task: Task) => string | null,
): Task[] {
  return tasks.map((task) => {
    const before = inputsOf(task);
    const inputs = mapTexts(before, (text) => replaceReferences(text, (name) => renewed(name, task)));
    return inputs === before ? task : { ...task, inputs };
  });

  function renewed(name: string, task: Task): string | null {
    const id = meant(name, task);
    return id === null || now.resolve(name) === id ? null : now.nameFor(id);
  }
}
