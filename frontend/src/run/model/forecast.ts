/** What is to be expected of a run: when each task begins and ends if it takes as long as usual. Times are milliseconds since 1970. */

import { isTerminal, type TaskFacts } from '../../core/run-state';

/** How long a task took in past runs, in milliseconds. */
export interface Usual {
  readonly median: number;
  /** 95 of 100 were not slower. */
  readonly p95: number;
}

export type ForecastTask = Pick<TaskFacts, 'id' | 'parentId' | 'executor' | 'enabled' | 'status' | 'startedAt' | 'finishedAt' | 'nextAttemptAt' | 'dependencies'>;

export interface Expectation {
  readonly from: number;
  readonly to: number;
}

export interface Forecast {
  /** Of the tasks that have not ended; those that nothing is known of are left out. */
  readonly tasks: ReadonlyMap<string, Expectation>;
  /** When the run ends; null when something of it never ran before, or nothing is left. */
  readonly finish: number | null;
}

/** By how much a task is slower than 95 of 100 were; not above 0 while it is not. */
export function lateness({ startedAt, finishedAt }: Pick<TaskFacts, 'startedAt' | 'finishedAt'>, usual: Usual | undefined, now: number): number {
  return usual === undefined || startedAt === null ? 0 : (finishedAt ?? now) - startedAt - usual.p95;
}

/** Tell what is to be expected. Waiting for a slot is not foreseen: it may take longer, and hardly less. */
export function forecast(tasks: readonly ForecastTask[], usual: ReadonlyMap<string, Usual>, now: number): Forecast {
  const forecaster = new Forecaster(tasks, usual, now);
  const ends = tasks.filter((task) => !isTerminal(task.status)).map((task) => forecaster.endOf(task));
  const isKnown = ends.length > 0 && ends.every((end) => end !== null);
  return { tasks: forecaster.expected, finish: isKnown ? Math.max(...(ends as number[])) : null };
}

class Forecaster {
  readonly expected = new Map<string, Expectation>();
  private readonly byId: ReadonlyMap<string, ForecastTask>;
  private readonly children = new Map<string, ForecastTask[]>();
  private readonly ends = new Map<string, number | null>();

  constructor(
    tasks: readonly ForecastTask[],
    private readonly usual: ReadonlyMap<string, Usual>,
    private readonly now: number,
  ) {
    this.byId = new Map(tasks.map((task) => [task.id, task]));
    for (const task of tasks) {
      if (task.parentId === null) continue;
      const known = this.children.get(task.parentId);
      if (known) known.push(task);
      else this.children.set(task.parentId, [task]);
    }
  }

  /** When a task ends; null when that can't be told. Not by recursion: a tree may be thousands of tasks deep. */
  endOf(task: ForecastTask): number | null {
    const path = [task];
    const entered = new Set<string>();
    while (path.length > 0) {
      const top = path.at(-1)!;
      const open = this.ends.has(top.id) || entered.has(top.id) ? [] : this.before(top).filter(({ id }) => !this.ends.has(id) && !entered.has(id));
      entered.add(top.id);
      if (open.length > 0) path.push(...open);
      else this.settle(path.pop()!);
    }
    return this.ends.get(task.id) ?? null;
  }

  private settle(task: ForecastTask): void {
    if (this.ends.has(task.id)) return;
    if (isTerminal(task.status)) this.ends.set(task.id, task.finishedAt ?? this.now);
    else this.ends.set(task.id, task.executor === null ? this.last(this.before(task)) : this.endOfLeaf(task));
  }

  private endOfLeaf(task: ForecastTask): number | null {
    const isRunning = task.status === 'in_progress';
    const took = task.enabled ? this.usual.get(task.id)?.median : 0;
    const from = isRunning ? task.startedAt : this.last(this.before(task));
    if (took === undefined || from === null) return null;
    const begin = isRunning ? from : Math.max(from, task.nextAttemptAt ?? 0);
    const to = Math.max(begin + took, this.now);
    this.expected.set(task.id, { from: begin, to });
    return to;
  }

  /** What has to end before it can: its dependencies, and of a group what is in it. */
  private before(task: ForecastTask): ForecastTask[] {
    const above = task.dependencies.flatMap(({ id }) => this.byId.get(id) ?? []);
    return task.executor === null ? [...above, ...(this.children.get(task.id) ?? [])] : above;
  }

  /** When the last of them ends, which is not before now; null when that of one can't be told. */
  private last(tasks: readonly ForecastTask[]): number | null {
    const ends = tasks.map(({ id }) => this.ends.get(id) ?? null);
    return ends.some((end) => end === null) ? null : Math.max(this.now, ...(ends as number[]));
  }
}
