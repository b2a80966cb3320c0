/** When a GET is tried again, and after how long. */

import { ApiError } from './errors';

export const TRIES = 4;
const BASE_MS = 300;
const LONGEST_MS = 15_000;
const PASSING: ReadonlySet<number> = new Set([0, 429, 502, 503, 504]);

/** Tell whether the same request may well succeed a little later. */
export function isWorthRetrying(error: unknown): boolean {
  return error instanceof ApiError && PASSING.has(error.status);
}

/** Milliseconds to wait after failed attempt number `attempt`: what the server asks for, or longer each time. */
export function delayBefore(attempt: number, error: unknown, random: () => number): number {
  const asked = error instanceof ApiError ? error.retryAfter : null;
  if (asked !== null) return Math.min(asked * 1000, LONGEST_MS);
  return BASE_MS * 2 ** (attempt - 1) * (0.5 + random());
}

/** Wait; an aborted signal ends it early with its reason. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const giveUp = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', giveUp);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', giveUp, { once: true });
  });
}
