/** What the API tells of one task, asked again as the run goes on. */

import type { Api, TaskRun } from '../../core/api';
import type { JSONValue } from '../../builder/model/json';
import { isTerminal, type RunState, type TaskFacts } from '../../core/run-state';
import { Asking } from './asking';
import type { Giver } from './provenance';

const DETAILS_MS = 1_000;
const WHY_MS = 2_500;
/** Dependencies whose results are looked at, to tell which input came from which. */
const LOOKED_AT = 8;

export class TaskDetails {
  task = $state.raw<TaskRun | null>(null);
  why = $state('');
  error = $state.raw<unknown>(null);
  isLoading = $state(false);
  /** Null until they are known. */
  givers = $state.raw<readonly Giver[] | null>(null);
  private readonly requests = new AbortController();
  private readonly asking = new Asking(DETAILS_MS, () => void this.load());
  private readonly askingWhy = new Asking(WHY_MS, () => void this.loadWhy());
  private known = '';

  constructor(
    private readonly api: Api,
    private readonly runId: string,
    readonly taskId: string,
  ) {}

  /** The task, or what it waits for, may have changed. */
  note(facts: TaskFacts): void {
    const now = [facts.status, facts.attempt, facts.errorType, facts.nextAttemptAt, facts.editedFields.length].join();
    if (now !== this.known) this.asking.ask();
    else if (facts.status === 'pending') this.askingWhy.ask();
    this.known = now;
  }

  retry(): void {
    this.asking.ask();
  }

  stop(): void {
    this.requests.abort();
    this.asking.stop();
    this.askingWhy.stop();
  }

  /** Have the values too that are too large for a look. */
  async loadAll(): Promise<void> {
    await this.load(true);
  }

  /** Read the results of what the task took its inputs from. */
  async loadGivers(state: RunState): Promise<void> {
    const ids = this.task?.dependencies.map(({ id }) => id) ?? [];
    const done = ids.map((id) => state.tasks.get(id)).filter((task) => task?.status === 'completed' && task.executor !== null);
    const results = done.length > 1 && done.length <= LOOKED_AT ? await Promise.all(done.map((task) => this.resultOf(task!.id))) : [];
    this.givers = done.map((task, index) => ({ id: task!.id, result: results[index] }));
  }

  private async resultOf(id: string): Promise<JSONValue | undefined> {
    try {
      const { result, result_bytes } = await this.api.runs.task(this.runId, id, { signal: this.requests.signal });
      return result === null && (result_bytes ?? 0) > 'null'.length ? undefined : result;
    } catch {
      // Then it is not told which of them it was.
      return undefined;
    }
  }

  private async load(full = this.isFull): Promise<void> {
    const { signal } = this.requests;
    this.isLoading = true;
    try {
      const task = await this.api.runs.task(this.runId, this.taskId, full ? { full, signal } : { signal });
      this.task = task;
      this.why = task.why;
      this.error = null;
    } catch (error) {
      if (!signal.aborted) this.error = error;
    } finally {
      this.isLoading = false;
    }
  }

  /** All of it was asked for, and the task will not change any more. */
  private get isFull(): boolean {
    return this.task !== null && isTerminal(this.task.status) && this.task.result !== null && (this.task.result_bytes ?? 0) > 65_536;
  }

  private async loadWhy(): Promise<void> {
    const path = `/runs/${encodeURIComponent(this.runId)}/tasks/${encodeURIComponent(this.taskId)}/why`;
    try {
      this.why = (await this.api.client.get<{ why: string }>(path, {}, { signal: this.requests.signal })).why;
    } catch {
      // The last answer stays; the badge of the page says when the server is away.
    }
  }
}
