/** How expressions name the tasks of a run. */

import type { TaskFacts } from '../../core/run-state';

/** What each name means: the one task of that name, else the one of that id. */
export class TaskNames {
  private readonly byName = new Map<string, string | null>();

  constructor(private readonly tasks: ReadonlyMap<string, TaskFacts>) {
    for (const { id, name } of tasks.values()) this.byName.set(name, this.byName.has(name) ? null : id);
  }

  /** The id of the task that is meant; null for none or several. */
  resolve(name: string): string | null {
    return this.byName.get(name) ?? (this.tasks.has(name) ? name : null);
  }

  /** How to name a task: by its name where that is its alone, else by its id; null when neither means it. */
  nameOf(id: string): string | null {
    const name = this.tasks.get(id)?.name;
    if (name === undefined) return null;
    if (this.byName.get(name) === id) return name;
    return this.resolve(id) === id ? id : null;
  }
}
