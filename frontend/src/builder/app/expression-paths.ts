/** Which value of a result an expression takes: `tasks.fetch.result.rows[0]`. */

import { bindingsOf, Names } from '../model/bindings';
import { referenceText, stepText } from '../model/expressions';
import type { Task, TreeDocument } from '../model/document';
import type { Path } from '../model/json';
import { readServerPath } from './server-paths';

/** A value of another task's result that a task's inputs name. */
export interface Taken {
  readonly taskId: string;
  /** As it is written, shortened to its path. */
  readonly words: string;
  readonly path: Path;
}

/** List what a task's inputs take of other tasks' results, each once; what is computed in between is not looked into. */
export function takenBy(task: Task, document: TreeDocument): Taken[] {
  const names = new Names(document);
  const found = new Map<string, Taken>();
  for (const { name, text, to } of bindingsOf(task)) {
    const taskId = names.resolve(name);
    const [first, ...path] = readServerPath(text.slice(to));
    if (taskId === null || first !== 'result') continue;
    const words = `${referenceText(name)}.result${path.map(stepText).join('')}`;
    found.set(words, { taskId, words, path });
  }
  return [...found.values()];
}
