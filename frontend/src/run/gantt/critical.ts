/** The critical path: the chain of tasks that decided when the run ended, or decides when it will. */

export interface CriticalTask {
  readonly id: string;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly dependencies: readonly { readonly id: string }[];
}

/**
 * Return the ids of the path, the first task first.
 *
 * It is followed from the task that ended last (what still runs ends now) to the one that it waited for last, and so on.
 */
export function criticalPath(tasks: readonly CriticalTask[], now: number): string[] {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const endOf = (task: CriticalTask): number => (task.startedAt === null ? (task.finishedAt ?? -Infinity) : (task.finishedAt ?? now));
  const ran = tasks.filter((task) => task.startedAt !== null);
  let at = latest(ran, endOf);
  const path: string[] = [];
  const seen = new Set<string>();
  while (at && !seen.has(at.id)) {
    seen.add(at.id);
    if (at.startedAt !== null) path.unshift(at.id);
    at = latest(at.dependencies.flatMap(({ id }) => byId.get(id) ?? []), endOf);
  }
  return path;
}

function latest(tasks: readonly CriticalTask[], endOf: (task: CriticalTask) => number): CriticalTask | undefined {
  let found: CriticalTask | undefined;
  for (const task of tasks) if (endOf(task) > -Infinity && (!found || endOf(task) > endOf(found))) found = task;
  return found;
}
