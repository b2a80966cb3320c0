/** The server's clock, estimated from the `now` of its frames. */

const SAMPLES = 32;

export class ServerClock {
  private readonly samples: number[] = [];
  private best: number | null = null;

  constructor(private readonly localNow: () => number) {}

  /** Take the time that a frame which has just come carries. */
  observe(now: string): void {
    const time = Date.parse(now);
    if (Number.isNaN(time)) return;
    this.samples.push(time - this.localNow());
    if (this.samples.length > SAMPLES) this.samples.shift();
    // The way here only ever makes a time look older; the freshest sample is the nearest to the truth.
    this.best = Math.max(...this.samples);
  }

  /** Milliseconds by which the server's clock is ahead of this one; 0 before the first frame. */
  get offset(): number {
    return this.best ?? 0;
  }

  /** Milliseconds since 1970 by the server's clock. */
  now(): number {
    return this.localNow() + this.offset;
  }
}
