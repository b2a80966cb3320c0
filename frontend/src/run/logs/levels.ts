/** The levels of log lines: numbers of Python's `logging`, and what the API calls them. */

export const LEVELS = ['debug', 'info', 'warning', 'error', 'critical'] as const;

export type Level = (typeof LEVELS)[number];

const NUMBERS: Readonly<Record<Level, number>> = { debug: 10, info: 20, warning: 30, error: 40, critical: 50 };

/** The number of a level. */
export function numberOf(level: Level): number {
  return NUMBERS[level];
}

/** The level that a number belongs to: 25 is an INFO. */
export function levelOf(number: number): Level {
  return LEVELS[Math.min(Math.max(Math.floor(number / 10), 1), LEVELS.length) - 1]!;
}

/** Read a level that somebody wrote; the lowest for what is none. */
export function readLevel(text: string | null): Level {
  return LEVELS.find((level) => level === text) ?? 'debug';
}
