/**
 * A run that was opened from a file, in the server's place: it answers what the run view asks of the API and of the stream, and
 * nothing leaves the browser. What a file does not know is a 404, as it would be of a server that does not know it.
 */

import type { JSONValue, LogLine, Environment as StreamEnvironment } from '../../core/live';
import type { Run, TaskRun } from '../../core/api';
import { readHookCalls } from '../../core/run-state';
import { filterOf } from '../logs/filter';
import { storedLogs, type LogSource } from '../logs/source';
import type { RunFile, StoredTask } from './reading';
import { say } from './words';

type Answer = JSONValue | object | undefined;

const OF_RUN = /\/runs\/([^/]+)((?:\/[^/]+)*)\/?$/;
const EMPTY: { [name: string]: JSONValue } = {};

export class StoredRun {
  readonly runId: string;
  private readonly tasks: ReadonlyMap<string, StoredTask>;
  private readonly defined: ReadonlyMap<string, { [name: string]: JSONValue }>;
  private readonly logs: LogSource;

  constructor(readonly file: RunFile) {
    this.runId = file.run.id;
    this.tasks = new Map(file.tasks.map((task) => [task.id, task]));
    const tasks = file.definition.tasks as { [name: string]: JSONValue }[];
    this.defined = new Map(tasks.map((task) => [String(task.id), task]));
    this.logs = storedLogs(file.logs);
  }

  /** In place of the network, for the API. */
  readonly fetch = async (address: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const url = new URL(String(address), globalThis.location?.href);
    const answer = (init?.method ?? 'GET') === 'GET' ? await this.answer(url) : undefined;
    if (answer !== undefined) return Response.json(answer);
    return Response.json({ error: { code: 'not_found', message: say('only') } }, { status: 404 });
  };

  /** In place of the network, for the stream: the clock stands at when the file was saved. */
  get stream(): Partial<StreamEnvironment> {
    const savedAt = Date.parse(this.file.saved_at);
    return { WebSocket: null, EventSource: null, fetch: this.fetch, now: () => savedAt };
  }

  private async answer({ pathname, searchParams }: URL): Promise<Answer> {
    if (pathname.endsWith('/executors')) return { items: [], next: null };
    const [, run, rest] = OF_RUN.exec(pathname) ?? [];
    if (run !== this.runId) return undefined;
    const [what, task, part] = (rest ?? '').split('/').slice(1).map(decodeURIComponent);
    if (what === 'tasks' && task !== undefined) return this.answerOfTask(task, part);
    switch (what) {
      case undefined:
        return this.run();
      case 'definition':
        return this.file.definition;
      case 'events':
        return this.frame(searchParams.has('after'));
      case 'history':
        return this.history(Number(searchParams.get('after')), Number(searchParams.get('limit')));
      case 'logs':
        return { items: await this.lines(searchParams) };
      default:
        return undefined;
    }
  }

  private answerOfTask(id: string, part: string | undefined): Answer {
    const task = this.tasks.get(id);
    if (!task) return undefined;
    if (part === undefined) return this.task(task);
    if (part === 'result') return task.result === null && (task.result_bytes ?? 0) > 'null'.length ? undefined : task.result;
    if (part === 'attempts') return { items: task.attempts, next: null };
    return part === 'why' ? { why: say('why') } : undefined;
  }

  /** The run, without what leads to other things of the site that it is from. */
  private get record() {
    return { ...this.file.run, tree_id: null, parent_run_id: null };
  }

  private run(): Run {
    return { ...this.record, counts: {}, last_seq: this.file.as_of_seq, reruns: [], first_causes: [], hooks: readHookCalls(this.file.run.hooks), may: { steer: false, delete: false } };
  }

  private task(task: StoredTask): TaskRun {
    const { inputs = EMPTY, params = EMPTY, schemas = EMPTY, retry = EMPTY } = this.defined.get(task.id) ?? EMPTY;
    const sizes = { inputs_bytes: sizeOf(inputs), params_bytes: sizeOf(params), schemas_bytes: sizeOf(schemas) };
    return { ...task, inputs, params, schemas, ...sizes, retry: retry as TaskRun['retry'], why: say('why') };
  }

  /** Everything, and then that this was all. */
  private frame(isKnown: boolean): object {
    const { as_of_seq, saved_at, tasks, run } = this.file;
    if (isKnown) return { type: 'end', status: run.status, seq: as_of_seq };
    return { type: 'snapshot', as_of_seq, now: saved_at, run: this.record, tasks };
  }

  private history(after: number, limit: number): object {
    const items = this.file.events.slice(after, after + limit);
    return { items, next: after + items.length < this.file.events.length && items.length ? String(after + items.length) : null };
  }

  private lines(query: URLSearchParams): Promise<readonly LogLine[]> {
    const before = query.has('before') ? Number(query.get('before')) : null;
    const ask = { from: before === null ? ('start' as const) : ('end' as const), after: Number(query.get('after')), before, limit: Number(query.get('limit')) || 500 };
    return this.logsUntil(query.get('until')).read(ask, filterOf(query), new AbortController().signal);
  }

  private logsUntil(moment: string | null): LogSource {
    if (moment === null) return this.logs;
    const until = Date.parse(moment);
    return storedLogs(this.file.logs.filter(({ at }) => Date.parse(at) <= until));
  }
}

function sizeOf(value: JSONValue): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}
