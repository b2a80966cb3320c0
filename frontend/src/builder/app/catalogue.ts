/** The executors that there are, as the palette and the inspector need them. */

import type { Executor, JSONObject } from '../../core/api';
import type { Task } from '../model/document';
import { executorOf } from '../model/task';

export class Catalogue {
  private readonly byId: ReadonlyMap<string, Executor>;
  readonly known: ReadonlySet<string>;

  constructor(readonly executors: readonly Executor[]) {
    this.byId = new Map(executors.map((executor) => [executor.id, executor]));
    this.known = new Set(this.byId.keys());
  }

  /** The executor that a task will run with; undefined for a group, and for one that isn't here. */
  of(task: Task): Executor | undefined {
    const id = executorOf(task, this.known);
    return id === null ? undefined : this.byId.get(id);
  }

  get(id: string): Executor | undefined {
    return this.byId.get(id);
  }

  /** Inputs to begin with: what the executor's schema requires, as far as it has defaults or an example. */
  startInputs(id: string): JSONObject {
    const executor = this.byId.get(id);
    const required = executor?.input_schema.required;
    if (!executor?.example || !Array.isArray(required)) return {};
    const { example } = executor;
    return Object.fromEntries(required.flatMap((key) => (typeof key === 'string' && key in example ? [[key, example[key]!]] : [])));
  }
}
