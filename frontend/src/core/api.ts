/** The HTTP API for the pages: `createApi(boot).trees.get(id)`. */

import { Client, type Environment, type Options, type Site } from './api/client';
import type { Page } from './api/pages';
import { Runs } from './api/runs';
import { Trees } from './api/trees';
import type { Executor, ExecutorDetails, Me, Worker } from './api/site-types';

export { ApiError, type Problem } from './api/errors';
export type { Options } from './api/client';
export { eachPage, type Page, type PageQuery } from './api/pages';
export type { RunAct, RunQuery, TaskAct } from './api/runs';
export type { SaveOptions, TreeQuery, TreeSettings } from './api/trees';
export type * from './api/run-types';
export type * from './api/site-types';
export type * from './api/types';

/** Everything that the pages ask of the server. */
export class Api {
  readonly trees: Trees;
  readonly runs: Runs;

  constructor(readonly client: Client) {
    this.trees = new Trees(client);
    this.runs = new Runs(client);
  }

  /** The whole catalogue of executors. */
  async executors(options: Options = {}): Promise<Executor[]> {
    const { items } = await this.client.get<{ items: Executor[] }>('/executors', {}, options);
    return items;
  }

  executor(id: string, options: Options = {}): Promise<ExecutorDetails> {
    return this.client.get(`/executors/${encodeURIComponent(id)}`, {}, options);
  }

  workers(options: Options = {}): Promise<Page<Worker>> {
    return this.client.get('/workers', {}, options);
  }

  me(options: Options = {}): Promise<Me> {
    return this.client.get('/me', {}, options);
  }
}

/** Open the API of the site that a page came from. */
export function createApi(site: Site, environment: Partial<Environment> = {}): Api {
  return new Api(new Client(site, environment));
}
