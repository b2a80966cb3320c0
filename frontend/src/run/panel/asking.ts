/** Asking the server again when something has changed, and not more often than it is good for. */

export interface Timers {
  now(): number;
  setTimeout(act: () => void, milliseconds: number): unknown;
  clearTimeout(timer: unknown): void;
}

export const BROWSER: Timers = {
  now: () => performance.now(),
  setTimeout: (act, milliseconds) => setTimeout(act, milliseconds),
  clearTimeout: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
};

export class Asking {
  private last = -Infinity;
  private timer: unknown = null;

  constructor(
    private readonly pauseMs: number,
    private readonly work: () => void,
    private readonly timers: Timers = BROWSER,
  ) {}

  /** Do it now, or once the pause since the last time is over; however often it is asked for meanwhile, once. */
  ask(): void {
    if (this.timer !== null) return;
    const wait = this.last + this.pauseMs - this.timers.now();
    if (wait <= 0) this.do();
    else this.timer = this.timers.setTimeout(() => this.do(), wait);
  }

  stop(): void {
    if (this.timer !== null) this.timers.clearTimeout(this.timer);
    this.timer = null;
  }

  private do(): void {
    this.timer = null;
    this.last = this.timers.now();
    this.work();
  }
}
