/** The time of a log line: here, to the millisecond. Made for many lines a frame, which `Intl` is too slow for. */

const two = (number: number): string => String(number).padStart(2, '0');

/** Write the time of the day: `09:04:01.250`. */
export function timeOfDay(at: string): string {
  const time = new Date(at);
  if (Number.isNaN(time.getTime())) return at;
  const seconds = `${two(time.getSeconds())}.${String(time.getMilliseconds()).padStart(3, '0')}`;
  return `${two(time.getHours())}:${two(time.getMinutes())}:${seconds}`;
}
