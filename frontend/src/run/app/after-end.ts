/** Looks at a run that has ended until what is told of later has come: its last hooks, and code that could not be stopped. */

import { BROWSER, type Timers } from '../panel/asking';

/** Pauses between looks: a hook has a minute, unless an administrator decides otherwise. */
const PAUSES_MS: readonly number[] = [1_000, 2_000, 4_000, 8_000, 15_000, 30_000, 60_000];
/** A run that ended longer ago has been told of. */
const SETTLES_MS = PAUSES_MS.reduce((sum, pause) => sum + pause, 0);

export class AfterEnd {
  private rest: readonly number[] | null = null;
  private timer: unknown = null;

  constructor(
    private readonly look: () => Promise<void>,
    private readonly timers: Timers = BROWSER,
  ) {}

  /** Begin once, with a run that ended so long ago. */
  begin(sinceMs: number): void {
    if (this.rest !== null) return;
    this.rest = sinceMs > SETTLES_MS ? [] : PAUSES_MS;
    this.plan();
  }

  stop(): void {
    this.rest = [];
    this.timers.clearTimeout(this.timer);
  }

  private plan(): void {
    const [pause, ...rest] = this.rest ?? [];
    if (pause === undefined) return;
    this.rest = rest;
    this.timer = this.timers.setTimeout(() => void this.look().then(() => this.plan()), pause);
  }
}
