/** Runs: looking at them and steering them. */

import type { JSONValue, Status, TaskRecord } from '../live/frames';
import type { Client, Options, Query } from './client';
import { readAll, type Page, type PageQuery } from './pages';
import type { Accepted, Attempt, BulkAct, BulkPlan, BulkResult, BulkTarget, Digests, RerunPlan, RerunRequest, RerunWish, Run, RunSummary, RunView, StartRequest, TaskRun } from './run-types';
import type { JSONObject } from './types';

export interface RunQuery extends PageQuery {
  status?: readonly Status[];
  tree?: string;
  trigger?: string;
  tag?: string;
  requested_by?: string;
  since?: string;
  until?: string;
  q?: string;
  parent?: string;
  sort?: string;
}

export type RunAct = 'cancel' | 'pause' | 'resume';
export type TaskAct = 'cancel' | 'retry' | 'skip' | 'run-now';

/** The API's runs. */
export class Runs {
  constructor(private readonly client: Client) {}

  list(query: RunQuery = {}, options: Options = {}): Promise<Page<RunSummary>> {
    return this.client.get('/runs', { ...query }, options);
  }

  get(id: string, options: Options = {}): Promise<Run> {
    return this.client.get(at(id), {}, options);
  }

  /** Start a tree that is not stored. */
  start(definition: JSONObject, request: StartRequest, idempotencyKey: string, options: Options = {}): Promise<RunSummary> {
    return this.client.send('POST', '/runs', { ...options, body: { definition, ...request }, idempotencyKey });
  }

  definition(id: string, options: Options = {}): Promise<JSONObject> {
    return this.client.get(at(id, '/definition'), {}, options);
  }

  tasks(id: string, query: Query = {}, options: Options = {}): Promise<TaskRecord[]> {
    return readAll(this.client, at(id, '/tasks'), { limit: 1000, ...query }, options);
  }

  /** Digests of the values of all tasks: the same for the same value, in any run. */
  digests(id: string, options: Options = {}): Promise<Digests[]> {
    return readAll(this.client, at(id, '/digests'), { limit: 5000 }, options);
  }

  task(id: string, task: string, { full, ...options }: Options & { full?: boolean } = {}): Promise<TaskRun> {
    return this.client.get(taskAt(id, task), { full }, options);
  }

  result(id: string, task: string, options: Options = {}): Promise<JSONValue> {
    return this.client.get(taskAt(id, task, '/result'), {}, options);
  }

  attempts(id: string, task: string, options: Options = {}): Promise<Page<Attempt>> {
    return this.client.get(taskAt(id, task, '/attempts'), {}, options);
  }

  /** The address of the log as text, as a download. */
  logUrl(id: string, query: Query = {}): string {
    return this.client.url(at(id, '/logs'), { ...query, format: 'text' });
  }

  /** The address of the run as one file, as a download. */
  fileUrl(id: string): string {
    return this.client.url(at(id, '/file'));
  }

  steer(id: string, act: RunAct, reason = '', options: Options = {}): Promise<Accepted> {
    return this.client.send('POST', at(id, `/${act}`), { ...options, body: { reason } });
  }

  steerTask(id: string, task: string, act: TaskAct, reason = '', options: Options = {}): Promise<Accepted> {
    return this.client.send('POST', taskAt(id, task, `/${act}`), { ...options, body: { reason } });
  }

  prioritise(id: string, priority: number, reason = '', options: Options = {}): Promise<Accepted> {
    return this.client.send('POST', at(id, '/priority'), { ...options, body: { priority, reason } });
  }

  prioritiseTask(id: string, task: string, priority: number, reason = '', options: Options = {}): Promise<Accepted> {
    return this.client.send('POST', taskAt(id, task, '/priority'), { ...options, body: { priority, reason } });
  }

  rerunPlan(id: string, request: RerunWish, options: Options = {}): Promise<RerunPlan> {
    return this.client.send('POST', at(id, '/rerun-plan'), { ...options, body: request });
  }

  rerun(id: string, request: RerunRequest, idempotencyKey: string, options: Options = {}): Promise<RunSummary> {
    return this.client.send('POST', at(id, '/rerun'), { ...options, body: request, idempotencyKey });
  }

  /** Ask what an act on many runs would do. */
  bulkPlan(act: BulkAct, target: BulkTarget, options: Options = {}): Promise<BulkPlan> {
    return this.client.send('POST', '/runs/bulk-plan', { ...options, body: { act, ...target } });
  }

  /** Act on many runs; each is done or not, and it is said why not. With a filter, `expect` is how many matched. */
  bulk(act: BulkAct, target: BulkTarget & { expect?: number }, reason = '', options: Options = {}): Promise<BulkResult> {
    return this.client.send('POST', '/runs/bulk', { ...options, body: { act, ...target, reason } });
  }

  /** The caller's views of the list, by name. */
  async views(options: Options = {}): Promise<RunView[]> {
    const { items } = await this.client.get<{ items: RunView[] }>('/run-views', {}, options);
    return items;
  }

  keepView(view: Omit<RunView, 'id'>, options: Options = {}): Promise<RunView> {
    return this.client.send('POST', '/run-views', { ...options, body: view });
  }

  changeView(id: number, change: Partial<Omit<RunView, 'id'>>, options: Options = {}): Promise<RunView> {
    return this.client.send('PATCH', `/run-views/${id}`, { ...options, body: change });
  }

  forgetView(id: number, options: Options = {}): Promise<void> {
    return this.client.send('DELETE', `/run-views/${id}`, options);
  }

  delete(id: string, options: Options = {}): Promise<void> {
    return this.client.send('DELETE', at(id), options);
  }
}

function at(id: string, rest = ''): string {
  return `/runs/${encodeURIComponent(id)}${rest}`;
}

function taskAt(id: string, task: string, rest = ''): string {
  return at(id, `/tasks/${encodeURIComponent(task)}${rest}`);
}
