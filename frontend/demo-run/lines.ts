/** A log of any length that is made up as it is read: line `n` is always the same. */

import type { LogLine } from '../src/core/live';

const FIRST_ID = 5_000_000;
const BEGIN = Date.parse('2026-11-25T08:00:00Z');
const TASKS = ['fetch', 'clean', 'load', 'report'];
const TRACE = `Traceback (most recent call last):
  File "/srv/etl/load.py", line 118, in execute
    await connection.copy_records(table, rows)
  File "/srv/etl/db.py", line 41, in copy_records
    raise ConnectionResetError("the server closed the connection")
ConnectionResetError: the server closed the connection`;
const KINDS: readonly ((n: number) => [number, string])[] = [
  (n) => [20, `Fetched page ${n} of orders: 500 rows in ${(n * 37) % 900} ms`],
  (n) => [10, `cursor=${n.toString(16).padStart(8, '0')} etag="${(n * 7919).toString(36)}"`],
  (n) => [20, `\x1b[32m✓\x1b[0m batch \x1b[1m${n}\x1b[0m written to \x1b[36mwarehouse.orders\x1b[0m`],
  (n) => [30, `Slow answer from https://api.example.org/v2/orders?page=${n}&size=500 (4.2 s), see https://docs.example.org/slow.`],
  () => [20, `\x1b[33mWARN\x1b[0m \x1b[38;5;208mretrying\x1b[0m with \x1b[38;2;120;80;255mbackoff\x1b[0m \x1b[41mhot\x1b[0m \x1b[7minverse\x1b[0m \x1b[2mdim\x1b[0m`],
  (n) => [20, `A line that goes on: ${'the quick brown fox jumps over the lazy dog, '.repeat(2 + (n % 5))}end`],
  () => [40, TRACE],
  () => [20, '<img src=x onerror="document.title=1"><b>not bold</b> <script>document.title=2</script> javascript:alert(1)'],
  (n) => [20, `日本語のログ ${n} — größer, ‮txet desrever, 👩‍🚀 done`],
  () => [50, 'Out of memory: the worker is about to be ended'],
];

/** The id of line `n`: they rise, and some are left out. */
export function idOf(n: number): number {
  return FIRST_ID + 3 * n + ((n * 31) % 3);
}

/** The number of the first line behind an id. */
export function numberAfter(id: number): number {
  const near = Math.max(Math.floor((id - FIRST_ID) / 3) - 1, 0);
  let n = near;
  while (idOf(n) <= id) n += 1;
  return n;
}

/** Make line `n`. */
export function lineOf(n: number): LogLine {
  const kind = n % 997 === 0 ? 9 : n % 211 === 0 ? 6 : n % 53 === 0 ? 3 : n % 47 === 0 ? 8 : n % 43 === 0 ? 7 : n % 13 === 0 ? 5 : n % 11 === 0 ? 4 : n % 5 === 0 ? 2 : n % 3 === 0 ? 1 : 0;
  const [level, message] = KINDS[kind]!(n);
  return { id: idOf(n), task: TASKS[n % 4]!, attempt: 1 + (n % 2), level, logger: 'etl', message, at: new Date(BEGIN + n * 29).toISOString() };
}
