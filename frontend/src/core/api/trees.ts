/** Trees: making, saving, their versions. */

import type { Client, Options } from './client';
import type { Page, PageQuery } from './pages';
import type { RunSummary, StartRequest } from './run-types';
import type { JSONObject, StartOrder, TaskDuration, Tree, TreeDiff, TreeGrid, TreeSummary, TreeVersion, Validation, Visibility } from './types';

export interface TreeQuery extends PageQuery {
  q?: string;
  tag?: string;
  owner?: string;
  archived?: 'false' | 'true' | 'all';
  sort?: 'name' | '-updated_at';
}

export interface SaveOptions extends Options {
  /** The version that was changed: when the stored one is another, nothing is saved and `version_conflict` is thrown. */
  ifMatch: number | '*';
  /** Save although there are problems. */
  draft?: boolean;
}

/** What may be changed of a tree without a new version. */
export interface TreeSettings {
  visibility?: Visibility;
  shared_with?: string[];
  owner?: string;
  archived?: boolean;
}

/** The API's trees. */
export class Trees {
  constructor(private readonly client: Client) {}

  list(query: TreeQuery = {}, options: Options = {}): Promise<Page<TreeSummary>> {
    return this.client.get('/trees', { ...query }, options);
  }

  get(id: string, options: Options = {}): Promise<Tree> {
    return this.client.get(at(id), {}, options);
  }

  create(definition: JSONObject, { draft, ...options }: Options & { draft?: boolean } = {}): Promise<Tree> {
    return this.client.send('POST', '/trees', { ...options, query: { draft }, body: definition });
  }

  import(document: unknown, { draft, ...options }: Options & { draft?: boolean } = {}): Promise<Tree> {
    return this.client.send('POST', '/trees/import', { ...options, query: { draft }, body: document });
  }

  validate(definition: JSONObject, options: Options = {}): Promise<Validation> {
    return this.client.send('POST', '/trees/validate', { ...options, body: definition });
  }

  save(id: string, definition: JSONObject, message: string, { draft, ...options }: SaveOptions): Promise<Tree> {
    return this.client.send('PUT', at(id), { ...options, query: { draft }, body: { definition, message } });
  }

  change(id: string, settings: TreeSettings, options: Options = {}): Promise<Tree> {
    return this.client.send('PATCH', at(id), { ...options, body: settings });
  }

  delete(id: string, options: Options = {}): Promise<void> {
    return this.client.send('DELETE', at(id), options);
  }

  copy(id: string, name: string, options: Options = {}): Promise<Tree> {
    return this.client.send('POST', at(id, '/copy'), { ...options, body: { name } });
  }

  /** The address of the portable document, as a download. */
  exportUrl(id: string): string {
    return this.client.url(at(id, '/export'));
  }

  versions(id: string, query: PageQuery = {}, options: Options = {}): Promise<Page<TreeVersion>> {
    return this.client.get(at(id, '/versions'), { ...query }, options);
  }

  version(id: string, number: number, options: Options = {}): Promise<TreeVersion & { definition: JSONObject }> {
    return this.client.get(at(id, `/versions/${number}`), {}, options);
  }

  diff(id: string, from: number, to: number, options: Options = {}): Promise<TreeDiff> {
    return this.client.get(at(id, '/diff'), { from, to }, options);
  }

  restore(id: string, version: number, message: string, options: Options & { ifMatch: number | '*' }): Promise<Tree> {
    return this.client.send('POST', at(id, '/restore'), { ...options, body: { version, message } });
  }

  /** What each task did in the last runs; a page of the tasks. */
  grid(id: string, query: PageQuery & { q?: string; failed?: boolean } = {}, options: Options = {}): Promise<TreeGrid> {
    return this.client.get(at(id, '/grid'), { ...query }, options);
  }

  startOrder(id: string, slots: number, options: Options = {}): Promise<StartOrder> {
    return this.client.get(at(id, '/start-order'), { slots }, options);
  }

  /** How long each task took in the last completed runs. */
  async taskDurations(id: string, options: Options = {}): Promise<readonly TaskDuration[]> {
    return (await this.client.get<Page<TaskDuration>>(at(id, '/task-durations'), {}, options)).items;
  }

  /** Start a run. The same key twice is the same run. */
  run(id: string, request: StartRequest, idempotencyKey: string, options: Options = {}): Promise<RunSummary> {
    return this.client.send('POST', at(id, '/runs'), { ...options, body: request, idempotencyKey });
  }
}

function at(id: string, rest = ''): string {
  return `/trees/${encodeURIComponent(id)}${rest}`;
}
