/** Frames that wait for the page to deal with them: one after the other, in the order in which they came. */

export class Inbox {
  private tail: Promise<void> = Promise.resolve();
  private waiting = 0;
  private edition = 0;

  /** `onEmpty` is called whenever nothing is left; `onFailure` when a piece of work throws. */
  constructor(
    private readonly onEmpty: () => void,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  /** How many pieces of work are not done. */
  get length(): number {
    return this.waiting;
  }

  /** Do this after everything before it. The promise is kept when it is done, dropped or has failed. */
  put(work: () => void | Promise<void>): Promise<void> {
    const edition = this.edition;
    this.waiting += 1;
    this.tail = this.tail.then(async () => {
      try {
        if (edition === this.edition) await work();
      } catch (error) {
        if (edition === this.edition) this.onFailure(error);
      } finally {
        this.waiting -= 1;
        if (this.waiting === 0) this.onEmpty();
      }
    });
    return this.tail;
  }

  /** Drop what has not begun. */
  clear(): void {
    this.edition += 1;
  }
}
