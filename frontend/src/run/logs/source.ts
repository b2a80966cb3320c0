/** Where the lines of before come from: the HTTP API, or a run that was opened from a file. */

import type { Api } from '../../core/api';
import type { LogLine } from '../../core/live';
import { matcher, queryOf, type LogFilter } from './filter';

/** Lines between two ids: the first ones behind `after`, or the last ones in front of `before`. */
export interface Ask {
  readonly from: 'start' | 'end';
  /** Ids above this one. */
  readonly after: number;
  /** Ids below this one; null: to the end. */
  readonly before: number | null;
  readonly limit: number;
}

export interface LogSource {
  /** Return at most `limit` lines by their ids; fewer mean that there are no others between the two ids. */
  read(ask: Ask, filter: LogFilter, signal: AbortSignal): Promise<readonly LogLine[]>;
}

/** Read the log of a run from the server. */
export function apiLogs(api: Api, runId: string): LogSource {
  const path = `/runs/${encodeURIComponent(runId)}/logs`;
  return {
    async read({ from, after, before, limit }, filter, signal) {
      const edge = from === 'end' ? { before: before ?? Number.MAX_SAFE_INTEGER } : {};
      const query = { ...queryOf(filter), after, limit, ...edge };
      const { items } = await api.client.get<{ items: LogLine[] }>(path, query, { signal });
      return before === null ? items : items.filter((line) => line.id < before);
    },
  };
}

/** Read a log that is at hand, with its lines in order. */
export function storedLogs(lines: readonly LogLine[]): LogSource {
  return {
    async read({ from, after, before, limit }, filter) {
      const matches = matcher(filter);
      const found = lines.filter((line) => line.id > after && (before === null || line.id < before) && matches(line));
      return from === 'end' ? found.slice(-limit) : found.slice(0, limit);
    },
  };
}
