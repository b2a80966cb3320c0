/** Calls of hooks, as events and snapshots tell of them: docs/events.md. */

import type { JSONValue } from '../live/frames';

/** A hook that was called. `changed` are the keys of the inputs that it has changed. An alias, so that it is JSON too. */
export type HookCall = {
  hook: string;
  event: string;
  ms: number;
  error: string | null;
  slow: boolean;
  changed: string[];
};

/** Calls of different kinds: one that failed is counted as that alone, whether it was slow or not. */
export interface HookCounts {
  readonly failed: number;
  readonly slow: number;
}

/** Read a list of calls; what is none is passed over: files of runs may have anything there. */
export function readHookCalls(told: JSONValue | undefined): HookCall[] {
  return (Array.isArray(told) ? told : []).flatMap((call) => (isObject(call) ? [readCall(call)] : []));
}

export function countHookCalls(calls: readonly HookCall[]): HookCounts {
  const failed = calls.filter(({ error }) => error !== null).length;
  return { failed, slow: calls.filter(({ error, slow }) => slow && error === null).length };
}

function readCall({ hook, event, ms, error, slow, changed }: { [key: string]: JSONValue }): HookCall {
  return {
    hook: text(hook) ?? '',
    event: text(event) ?? '',
    ms: typeof ms === 'number' ? ms : 0,
    error: text(error),
    slow: slow === true,
    changed: Array.isArray(changed) ? changed.filter((key) => typeof key === 'string') : [],
  };
}

function text(value: JSONValue | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

function isObject(value: JSONValue): value is { [key: string]: JSONValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
