/** Which way to the server is used: the best one that works. */

import type { Way } from './line';

/** Openings of each way that may fail in a row before the next is tried. */
const PATIENCE: Readonly<Record<Way, number>> = { websocket: 2, sse: 2, poll: 3 };
export const FIRST_RETURN_MS = 60_000;
const LONGEST_RETURN_MS = 32 * FIRST_RETURN_MS;

export class Ladder {
  private index = 0;
  private failures = 0;
  private returns = 0;

  constructor(private readonly ways: readonly Way[]) {
    if (ways.length === 0) throw new Error('There is no way to the server: name one of websocket, sse, poll');
  }

  /** The way in use. */
  get way(): Way {
    return this.ways[this.index]!;
  }

  /** The ways that are better than the one in use, the best one first. */
  get better(): readonly Way[] {
    return this.ways.slice(0, this.index);
  }

  /** The way in use has brought a frame. */
  works(): void {
    this.failures = 0;
  }

  /** The way in use could not be opened. Returns true when a lower one is to be tried at once. */
  fails(): boolean {
    this.failures += 1;
    if (this.failures < PATIENCE[this.way]) return false;
    this.failures = 0;
    // When the last way fails too, it is the server that is away and no proxy that is in the way: the best again.
    this.index = (this.index + 1) % this.ways.length;
    return this.index > 0;
  }

  /** A better way has brought a frame. */
  climb(way: Way): void {
    this.index = this.ways.indexOf(way);
    this.failures = 0;
    this.returns = 0;
  }

  /** Milliseconds after which the better ways are tried again: a minute, then two, then four … */
  nextReturn(): number {
    const pause = Math.min(FIRST_RETURN_MS * 2 ** this.returns, LONGEST_RETURN_MS);
    this.returns += 1;
    return pause;
  }
}
