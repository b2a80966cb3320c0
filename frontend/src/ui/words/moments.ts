/** Times in the reader's zone and language; the exact UTC time beside them. */

import { text } from '../texts';

const SAME_DAY: Intl.DateTimeFormatOptions = { timeStyle: 'medium' };
const SAME_YEAR: Intl.DateTimeFormatOptions = { month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit' };
const OLDER: Intl.DateTimeFormatOptions = { dateStyle: 'medium', timeStyle: 'short' };

const formats = new Map<Intl.DateTimeFormatOptions, Intl.DateTimeFormat>();

function format(options: Intl.DateTimeFormatOptions, at: Date): string {
  const known = formats.get(options) ?? new Intl.DateTimeFormat(undefined, options);
  formats.set(options, known);
  return known.format(at);
}

/** Milliseconds since 1970 of a time as it travels; null for what is no time. */
export function toTime(at: number | string | null): number | null {
  const time = typeof at === 'string' ? Date.parse(at) : at;
  return time === null || Number.isNaN(time) ? null : time;
}

/** Say when something was, as short as the distance allows. */
export function momentInWords(at: number, now: number): string {
  const [then, today] = [new Date(at), new Date(now)];
  if (then.toDateString() === today.toDateString()) return format(SAME_DAY, then);
  return format(then.getFullYear() === today.getFullYear() ? SAME_YEAR : OLDER, then);
}

/** Say a time exactly: here, and in UTC. */
export function exactly(at: number): string {
  const utc = new Date(at).toISOString().replace('T', ' ').replace(/\.000Z$|Z$/, '');
  return text('time.exact', { local: format({ dateStyle: 'medium', timeStyle: 'medium' }, new Date(at)), utc });
}

const UNITS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
];

const relative = new Intl.RelativeTimeFormat(undefined, { style: 'short', numeric: 'always' });

/** Say how long ago something was, or in how long it will be: `3 min. ago`. */
export function agoInWords(at: number, now: number): string {
  const distance = at - now;
  const [unit, length] = UNITS.find(([, size]) => Math.abs(distance) >= size) ?? ['second', 1000];
  const count = Math.trunc(distance / length);
  return count === 0 ? text('time.now') : relative.format(count, unit);
}
