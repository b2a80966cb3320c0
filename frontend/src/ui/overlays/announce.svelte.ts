/** What screen readers are told: politely, and never faster than they can say it. */

/** Messages that come within this time of the last are held, and of those of one kind only the newest is said. */
const PAUSE_MS = 700;

export interface Timers {
  setTimeout(act: () => void, milliseconds: number): unknown;
}

/** Gathers messages and lets them out one batch at a time. */
export class Announcer {
  /** What the live region holds now. */
  said = $state('');
  private readonly waiting = new Map<string, string>();
  private isPausing = false;
  private isOdd = false;

  constructor(private readonly timers: Timers = { setTimeout: (act, milliseconds) => setTimeout(act, milliseconds) }) {}

  /** Say something. Of messages with the same `kind` that wait, the newest replaces the others. */
  announce(message: string, kind: string = message): void {
    this.waiting.delete(kind);
    this.waiting.set(kind, message);
    if (!this.isPausing) this.say();
  }

  private say(): void {
    // The same text again is said again only when it differs; a no-break space is not spoken.
    this.isOdd = !this.isOdd;
    this.said = [...this.waiting.values()].join('. ') + (this.isOdd ? '' : '\u00a0');
    this.waiting.clear();
    this.isPausing = true;
    this.timers.setTimeout(() => {
      this.isPausing = false;
      if (this.waiting.size > 0) this.say();
    }, PAUSE_MS);
  }
}

export const announcer = new Announcer();

/** Say something to screen readers, when they have time. */
export function announce(message: string, kind?: string): void {
  announcer.announce(message, kind);
}
