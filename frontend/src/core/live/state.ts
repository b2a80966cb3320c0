/** What a badge may say about a stream, and nothing that is not so. */

import type { Reason } from './endings';
import type { Way } from './line';

export type StateName = 'connecting' | 'live' | 'catching-up' | 'reconnecting' | 'offline' | 'ended' | 'refused';

/** All times are milliseconds since 1970 by this machine's clock. */
export interface StreamState {
  /**
   * `live`: all that came is dealt with. `catching-up`: there is a line, and more to deal with. `offline`: no line, and
   * the browser says that there is no network. `refused`: no further attempt will be made unless `retry` is called.
   */
  state: StateName;
  /** The way in use or being tried. */
  way: Way | null;
  /** When `state` became what it is. */
  since: number;
  /** When the next attempt is due, while one is waited for. */
  retryAt: number | null;
  lastFrameAt: number | null;
  /** Why there is no line. */
  reason: Reason | null;
  /** What the server said about it. */
  detail: string | null;
}

/** Keeps the last state and tells of changes; a frame that has come is no change. */
export class StateTeller {
  private last: StreamState;

  constructor(
    private readonly now: () => number,
    private readonly tell: (state: StreamState) => void,
  ) {
    const since = now();
    const nothing = { way: null, retryAt: null, lastFrameAt: null, reason: null, detail: null };
    this.last = { state: 'connecting', since, ...nothing };
  }

  get state(): StreamState {
    return this.last;
  }

  /** Note that a frame has come. */
  frameCame(): void {
    this.last = { ...this.last, lastFrameAt: this.now() };
  }

  /** Take over what is so now. */
  update(next: Pick<StreamState, 'state' | 'way' | 'retryAt' | 'reason' | 'detail'>): void {
    const before = this.last;
    const isNew = next.state !== before.state;
    const keys = ['way', 'retryAt', 'reason', 'detail'] as const;
    if (!isNew && keys.every((key) => next[key] === before[key])) return;
    this.last = { ...before, ...next, since: isNew ? this.now() : before.since };
    this.tell(this.last);
  }
}
