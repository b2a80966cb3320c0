/** Does work at most once a frame, however often it is asked for. */

export class Frame {
  #asked = 0;
  readonly #work: () => void;

  constructor(work: () => void) {
    this.#work = work;
  }

  /** Do it before the next picture. */
  ask(): void {
    if (this.#asked) return;
    this.#asked = requestAnimationFrame(() => {
      this.#asked = 0;
      this.#work();
    });
  }

  cancel(): void {
    cancelAnimationFrame(this.#asked);
    this.#asked = 0;
  }
}

/** Like `Frame`, for work that may take long: it takes at most a share of the time, however often it is asked for. */
export class PacedFrame {
  readonly #frame: Frame;
  #notBefore = 0;
  #waiting: ReturnType<typeof setTimeout> | undefined;

  /** After work that took `t` ms there is a pause of `leastPause` or three times `t`. */
  constructor(work: () => void, leastPause = 0) {
    this.#frame = new Frame(() => {
      const begun = performance.now();
      work();
      const ended = performance.now();
      this.#notBefore = ended + Math.min(LONGEST_PAUSE, Math.max(leastPause, PAUSE * (ended - begun)));
    });
  }

  ask(): void {
    const pause = this.#notBefore - performance.now();
    if (pause <= 1) this.#frame.ask();
    else this.#waiting ??= setTimeout(() => this.#afterPause(), pause);
  }

  cancel(): void {
    clearTimeout(this.#waiting);
    this.#waiting = undefined;
    this.#frame.cancel();
  }

  #afterPause(): void {
    this.#waiting = undefined;
    this.#frame.ask();
  }
}

const PAUSE = 3;
const LONGEST_PAUSE = 500;
