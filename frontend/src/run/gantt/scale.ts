/** From time to place and back. Idle time can be left out: it takes the width of a gap, however long it lasted. */

/** A stretch of time, in milliseconds since 1970. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** What an idle stretch takes when it is left out, in milliseconds of the scale. */
const GAP_SHARE = 0.02;

interface Piece extends Stretch {
  /** Where it begins on the scale, and how much of the scale it takes, both in scaled milliseconds. */
  readonly at: number;
  readonly length: number;
}

/** Maps a range of time onto a width. */
export class Scale {
  private readonly pieces: readonly Piece[];
  /** The length of the whole range on the scale. */
  readonly length: number;

  constructor(
    readonly range: Stretch,
    readonly width: number,
    /** Stretches in which nothing ran, in order and apart from each other; none keeps time as it is. */
    idle: readonly Stretch[] = [],
  ) {
    const whole = Math.max(range.to - range.from, 1);
    const pieces: Piece[] = [];
    let at = 0;
    const add = (from: number, to: number, length: number): void => {
      if (to <= from) return;
      pieces.push({ from, to, at, length });
      at += length;
    };
    let time = range.from;
    for (const { from, to } of idle) {
      add(time, from, from - time);
      add(from, to, Math.min(to - from, whole * GAP_SHARE));
      time = to;
    }
    add(time, range.to, range.to - time);
    this.pieces = pieces;
    this.length = Math.max(at, 1);
  }

  /** The place of a moment, from 0 to `width`; moments outside of the range lie outside of it. */
  x(time: number): number {
    const { from, to } = this.range;
    if (time <= from) return ((time - from) / this.length) * this.width;
    if (time >= to) return ((this.length + (time - to)) / this.length) * this.width;
    const piece = this.pieces.find((one) => time <= one.to) ?? this.pieces.at(-1)!;
    const share = (time - piece.from) / (piece.to - piece.from);
    return ((piece.at + share * piece.length) / this.length) * this.width;
  }

  /** The moment at a place. */
  time(x: number): number {
    const at = (x / this.width) * this.length;
    if (at <= 0) return this.range.from + at;
    if (at >= this.length) return this.range.to + (at - this.length);
    const piece = this.pieces.find((one) => at <= one.at + one.length) ?? this.pieces.at(-1)!;
    return piece.from + ((at - piece.at) / piece.length) * (piece.to - piece.from);
  }
}

/** The stretches of a range in which none of `busy` lies, that are longer than a share of it. */
export function idleStretches(range: Stretch, busy: readonly Stretch[], least = 0.05): Stretch[] {
  const limit = (range.to - range.from) * least;
  const idle: Stretch[] = [];
  let until = range.from;
  for (const { from, to } of [...busy].sort((a, b) => a.from - b.from)) {
    if (from - until > limit) idle.push({ from: until, to: from });
    until = Math.max(until, to);
  }
  return idle;
}

const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 15e3, 3e4, 6e4, 12e4, 3e5, 6e5, 9e5, 18e5, 36e5, 72e5, 216e5, 432e5, 864e5, 1728e5, 6048e5];

/** Marks of the axis: moments since `range.from` in round steps, so many pixels apart at least. */
export function ticks(scale: Scale, apart = 90): { time: number; since: number }[] {
  const { from, to } = scale.range;
  const least = ((to - from) / scale.width) * apart;
  const step = STEPS.find((one) => one >= least) ?? STEPS.at(-1)!;
  const marks: { time: number; since: number }[] = [];
  let lastX = -Infinity;
  for (let since = 0; from + since <= to; since += step) {
    const x = scale.x(from + since);
    // Where idle time is left out, marks would lie on top of each other.
    if (x - lastX < apart / 2) continue;
    marks.push({ time: from + since, since });
    lastX = x;
  }
  return marks;
}
