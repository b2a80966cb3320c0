/** The log as it was at a moment. */

import type { Api } from '../../core/api';
import { apiLogs, type LogSource } from '../logs/source';

/** Read the log of a run as it was: without what was written after `moment` (milliseconds since 1970). */
export function logsUntil({ client }: Api, runId: string, moment: number): LogSource {
  const until = new Date(moment).toISOString();
  const get: Api['client']['get'] = (path, query = {}, options = {}) => client.get(path, { ...query, until }, options);
  return apiLogs({ client: { get } } as Api, runId);
}
