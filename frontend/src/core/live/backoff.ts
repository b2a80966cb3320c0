/** Pauses between attempts: 0.5 s doubling to 15 s, jittered so that many pages don't come back at once. */

export const FIRST_PAUSE_MS = 500;
export const LONGEST_PAUSE_MS = 15_000;

export class Backoff {
  private failures = 0;

  constructor(private readonly random: () => number) {}

  /** The next pause in milliseconds: between half of and the whole of the step that is due. */
  next(): number {
    const step = Math.min(FIRST_PAUSE_MS * 2 ** this.failures, LONGEST_PAUSE_MS);
    this.failures += 1;
    return step * (0.5 + this.random() / 2);
  }

  /** Start over with the shortest pause. */
  reset(): void {
    this.failures = 0;
  }
}
