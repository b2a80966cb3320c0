/** Which log lines are looked at. */

import type { LogLine } from '../../core/live';
import { numberOf, readLevel, type Level } from './levels';

export interface LogFilter {
  /** A task's id; null for every task. */
  readonly task: string | null;
  readonly attempt: number | null;
  /** This one and above. */
  readonly level: Level;
  /** A text in the message; capitals do not matter. */
  readonly q: string;
}

export const NO_FILTER: LogFilter = { task: null, attempt: null, level: 'debug', q: '' };

/** The most characters that the API takes for `q`. */
export const LONGEST_TEXT = 200;

/** Tell whether two filters let the same lines through. */
export function isSame(a: LogFilter, b: LogFilter): boolean {
  return a.task === b.task && a.attempt === b.attempt && a.level === b.level && a.q === b.q;
}

/** Tell whether a filter leaves lines out. */
export function isNarrow(filter: LogFilter): boolean {
  return !isSame(filter, NO_FILTER);
}

/** Make the test for live lines; the server does the same for those of before. */
export function matcher({ task, attempt, level, q }: LogFilter): (line: LogLine) => boolean {
  const [lowest, wanted] = [numberOf(level), q.toLowerCase()];
  return (line) =>
    (task === null || line.task === task) &&
    (attempt === null || line.attempt === attempt) &&
    (lowest <= 10 || line.level >= lowest) &&
    (wanted === '' || line.message.toLowerCase().includes(wanted));
}

/** What of a filter goes into an address; what is as usual is left out. */
export function queryOf({ task, attempt, level, q }: LogFilter): Record<string, string> {
  return {
    ...(task === null ? {} : { task }),
    ...(attempt === null ? {} : { attempt: String(attempt) }),
    ...(level === 'debug' ? {} : { level }),
    ...(q === '' ? {} : { q }),
  };
}

/** Read a filter out of an address. */
export function filterOf(query: URLSearchParams): LogFilter {
  const attempt = Number(query.get('attempt'));
  return {
    task: query.get('task') || null,
    attempt: Number.isInteger(attempt) && attempt > 0 ? attempt : null,
    level: readLevel(query.get('level')),
    q: (query.get('q') ?? '').slice(0, LONGEST_TEXT),
  };
}
