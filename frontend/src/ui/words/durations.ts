/** Durations in words, as the server says them (orchestration/pages/durations.py). */

const two = (number: number): string => String(number).padStart(2, '0');

/** Say a duration in at most two units: `340 ms`, `4.2 s`, `1 m 05 s`, `2 h 03 m`, `3 d 4 h`. */
export function durationInWords(milliseconds: number): string {
  const seconds = Math.max(milliseconds, 0) / 1000;
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} m ${two(whole % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${two(minutes % 60)} m`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Say a duration that still grows: by whole seconds, so that it does not flicker. */
export function growingInWords(milliseconds: number): string {
  const seconds = Math.floor(Math.max(milliseconds, 0) / 1000);
  return seconds < 60 ? `${seconds} s` : durationInWords(seconds * 1000);
}

/** Write a duration for machines: `PT65.2S`. */
export function isoDuration(milliseconds: number): string {
  return `PT${Math.max(milliseconds, 0) / 1000}S`;
}
