/** Lists that come a page at a time. */

import type { Client, Options, Query } from './client';

export interface Page<T> {
  readonly items: readonly T[];
  /** Where the next page begins; null when this is the last. */
  readonly next: string | null;
}

/** What may be said of any list: how many at a time, and from where. */
export interface PageQuery {
  cursor?: string;
  limit?: number;
}

/** Read a list to its end, page by page, so that the first can be shown while the others come. */
export async function* eachPage<T>(client: Client, path: string, query: Query = {}, options: Options = {}): AsyncGenerator<readonly T[]> {
  let cursor: string | null = null;
  do {
    const page: Page<T> = await client.get<Page<T>>(path, cursor === null ? query : { ...query, cursor }, options);
    yield page.items;
    cursor = page.next;
  } while (cursor !== null);
}

/** Read a whole list. */
export async function readAll<T>(client: Client, path: string, query: Query = {}, options: Options = {}): Promise<T[]> {
  const all: T[] = [];
  for await (const items of eachPage<T>(client, path, { limit: 200, ...query }, options)) all.push(...items);
  return all;
}
