/** Watching runs live: the client of docs/reference/live-stream.md. Plain TypeScript, for the browser and for Node. */

import type { Site } from './live/addresses';
import { defaultEnvironment, type Environment } from './live/environment';
import type { Way } from './live/line';
import type { LogSelection } from './live/log-follower';
import { OverviewFeed, type OverviewHandlers } from './live/overview-feed';
import { RunFeed, type RunHandlers } from './live/run-feed';
import { ServerClock } from './live/server-clock';
import type { StreamState } from './live/state';
import { Stream, type Feed } from './live/stream';

export type { Site } from './live/addresses';
export type { Reason } from './live/endings';
export type { Environment, EventSourceLike, PageSignals, SocketLike } from './live/environment';
export type * from './live/frames';
export type { Way } from './live/line';
export type { LogSelection } from './live/log-follower';
export type { OverviewHandlers } from './live/overview-feed';
export type { RunHandlers } from './live/run-feed';
export type { StateName, StreamState } from './live/state';
export { REASON_WORDS, STATE_WORDS, WAY_WORDS } from './live/words';

export interface WatchOptions extends Site {
  /** The ways that may be used, the best one first. */
  ways?: readonly Way[];
  /** What to use instead of this page's own sockets, timers and so on. */
  environment?: Partial<Environment>;
}

export interface RunWatchOptions extends WatchOptions {
  runId: string;
  /** The `seq` up to which the caller knows the run; without it the first frame is a snapshot. */
  after?: number;
}

interface StateHandler {
  /** The state of the stream has changed. */
  onState?(state: StreamState): void;
}

/** A stream that is being watched. */
export interface Watch {
  /** What is so now, for a badge. */
  readonly state: StreamState;
  /** Milliseconds since 1970 by the server's clock, as far as it is known. */
  serverNow(): number;
  /** Try again now, instead of when it is due or never. */
  retry(): void;
  /** Hang up; no handler is called any more. */
  stop(): void;
}

export interface RunWatch extends Watch {
  /** The `seq` of the last event that has come; null before the first snapshot. */
  readonly cursor: number | null;
  /** Ask for log lines, for other ones, or for none. Without `after`: from where this selection had come to. */
  setLogs(selection: LogSelection): void;
}

const WAYS: readonly Way[] = ['websocket', 'sse', 'poll'];

/** Watch one run, from a snapshot to its end. */
export function watchRun(options: RunWatchOptions, handlers: RunHandlers & StateHandler): RunWatch {
  const environment = { ...defaultEnvironment(), ...options.environment };
  const enqueue = (work: () => void | Promise<void>): Promise<void> => watch.enqueue(work);
  const feed = new RunFeed(environment, options, options.runId, handlers, options.after ?? null, enqueue);
  const watch = begin(options, environment, feed, handlers);
  return {
    get state() {
      return watch.state;
    },
    get cursor() {
      return feed.cursor.seq;
    },
    serverNow: watch.serverNow,
    setLogs: (selection) => feed.logs.select(selection),
    retry: watch.retry,
    stop: watch.stop,
  };
}

/** Watch the overview: counts, active runs, workers. */
export function watchOverview(options: WatchOptions, handlers: OverviewHandlers & StateHandler): Watch {
  const environment = { ...defaultEnvironment(), ...options.environment };
  return begin(options, environment, new OverviewFeed(environment, options, handlers), handlers);
}

interface Begun extends Watch {
  enqueue(work: () => void | Promise<void>): Promise<void>;
}

function begin(options: WatchOptions, environment: Environment, feed: Feed, handlers: StateHandler): Begun {
  const clock = new ServerClock(environment.now);
  const ways = usable(options, environment);
  const stream = new Stream(environment, clock, feed, ways, (state) => handlers.onState?.(state));
  // Not before the caller has what this returns: handlers may use it.
  queueMicrotask(() => stream.start());
  return {
    get state() {
      return stream.state;
    },
    serverNow: () => clock.now(),
    retry: () => stream.retry(),
    stop: () => stream.stop(),
    enqueue: (work) => stream.inbox.put(work),
  };
}

function usable(options: WatchOptions, environment: Environment): Way[] {
  const exists: Record<Way, boolean> = {
    websocket: environment.WebSocket !== null,
    sse: environment.EventSource !== null,
    poll: true,
  };
  return (options.ways ?? WAYS).filter((way) => exists[way]);
}
