/** Having the server's page looked at again: static/js/refresh.js does it, and puts in what has changed. */

/** Milliseconds between two looks, however often something changes. */
const PAUSE_MS = 2_000;

export class Looking {
  hasStream = false;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private last = -Infinity;

  /** Say whether the stream is there, so that nothing is looked at without need. */
  takeOver(hasStream: boolean): void {
    if (this.hasStream === hasStream) return;
    this.hasStream = hasStream;
    document.dispatchEvent(new CustomEvent('page:stream', { detail: hasStream }));
  }

  /** Look now, or once the pause is over; while nobody sees the page, when somebody does. */
  look(): void {
    this.timer ??= setTimeout(() => this.do(), Math.max(0, this.last + PAUSE_MS - performance.now()));
  }

  /** Call back after each look. */
  onLooked(listener: () => void): void {
    document.addEventListener('page:looked', listener);
  }

  private do(): void {
    this.timer = null;
    if (document.hidden) {
      document.addEventListener('visibilitychange', () => this.look(), { once: true });
      return;
    }
    this.last = performance.now();
    document.dispatchEvent(new Event('page:look'));
  }
}
