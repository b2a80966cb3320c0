/** Moments as charts write them, in the reader's zone and language. */

import type { Range } from './series';

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric' });

/** A moment: by the clock, with its day where several are shown. */
export function spanOf(time: number, range: Range | null): string {
  return range === '7d' ? `${day.format(time)}, ${clock.format(time)}` : clock.format(time);
}

/** Under an axis: the day where it begins, else the time. */
export function tickOf(time: number, step: number): string {
  return step >= 7200 ? day.format(time) : clock.format(time);
}
