/**
 * A log of any length as one tall page of rows.
 *
 * Lines are asked for a page at a time, around what is looked at. Of what has not been read, the height is guessed from the ids
 * (they rise, and few are left out); a guess is put right when the page comes, and `placeAt` and `rowOf` let the view stay at its
 * line meanwhile. Pages that are far from the view are let go, with their exact height, so that memory is bounded.
 */

import type { LogLine } from '../../core/live';
import type { Ask } from './source';
import { answered, append, askFor, emptied, put, type Stretch } from './stretches';

/** Lines that are kept at hand, at most; with one page around them. */
export const KEPT = 20_000;

/** Where something is: a line's id, or one that is guessed in a gap, and rows behind its first one. */
export interface Place {
  readonly id: number;
  readonly offset: number;
}

/** A line as it is drawn: `row` is where it begins. Null stands for rows that are not at hand. */
export interface Placed {
  readonly line: LogLine;
  readonly row: number;
  readonly count: number;
}

interface Measured {
  readonly rows: number;
  /** Of lines at hand: the row at which each begins, counted from the first. */
  readonly tops: Uint32Array | null;
}

export class LogDocument {
  private list: readonly Stretch[] = [];
  private measures = new WeakMap<Stretch, Measured>();
  /** Rows of pages that were let go, by the id before them. */
  private remembered = new Map<number, number>();
  private perLine = 1;

  constructor(private countRows: (line: LogLine) => number) {}

  get stretches(): readonly Stretch[] {
    return this.list;
  }

  /** The last id that is known. */
  get end(): number {
    return this.list.at(-1)?.to ?? 0;
  }

  /** How many lines there are; a guess while not all have been counted. */
  get count(): number {
    return this.list.reduce((sum, stretch) => sum + stretch.count, 0);
  }

  get isCounted(): boolean {
    return this.list.every((stretch) => stretch.isCounted);
  }

  /** The height of everything. */
  get rows(): number {
    return this.list.reduce((sum, stretch) => sum + this.measure(stretch).rows, 0);
  }

  /** Lines that are at hand. */
  get kept(): number {
    return this.list.reduce((sum, stretch) => sum + (stretch.lines?.length ?? 0), 0);
  }

  /** Begin with these stretches. */
  begin(stretches: readonly Stretch[]): void {
    this.list = stretches;
    this.remembered.clear();
    this.takeMean();
  }

  /** Break lines into rows in another way. */
  relayout(countRows: (line: LogLine) => number): void {
    this.countRows = countRows;
    this.measures = new WeakMap();
    this.remembered.clear();
    this.takeMean();
  }

  /** Take what was asked for. */
  take(ask: Ask, lines: readonly LogLine[]): void {
    this.list = put(this.list, answered(ask, lines, this.end));
  }

  /** Take live lines; `to` is the last id that was seen. */
  append(lines: readonly LogLine[], to: number): void {
    this.list = append(this.list, lines, to);
  }

  /** What to ask for so that these rows can be shown; null when they are all at hand. */
  missing(from: number, to: number): Ask | null {
    for (const { stretch, top, rows } of this.within(from, to)) {
      if (stretch.lines) continue;
      const middle = (Math.max(from, top) + Math.min(to, top + rows)) / 2;
      return askFor(stretch, (middle - top) / Math.max(rows, 1));
    }
    return null;
  }

  /** Let lines go that are far from these rows, when there are too many. The last page stays: new lines follow it. */
  trim(from: number, to: number, most = KEPT): void {
    let kept = this.kept;
    if (kept <= most) return;
    const middle = (from + to) / 2;
    const far = [...this.within(-Infinity, Infinity)]
      .filter(({ stretch, top, rows }) => stretch.lines && stretch !== this.list.at(-1) && (top + rows < from || top > to))
      .sort((a, b) => Math.abs(b.top - middle) - Math.abs(a.top - middle));
    const gone = new Set<Stretch>();
    for (const { stretch, rows } of far) {
      if (kept <= most) break;
      kept -= stretch.count;
      gone.add(stretch);
      this.remembered.set(stretch.after, rows);
    }
    this.list = this.list.map((stretch) => (gone.has(stretch) ? emptied(stretch) : stretch));
  }

  /** What lies at a row. */
  placeAt(row: number): Place {
    for (const { stretch, top, rows } of this.within(row, row + 1)) {
      const { tops } = this.measure(stretch);
      if (!tops || !stretch.lines) return { id: stretch.after + Math.ceil(((row - top) / Math.max(rows, 1)) * (stretch.to - stretch.after)), offset: 0 };
      const index = lastAtMost(tops, row - top, stretch.lines.length);
      const line = stretch.lines[index];
      if (line) return { id: line.id, offset: row - top - tops[index]! };
    }
    return { id: this.end + 1, offset: 0 };
  }

  /** The row of a place. An id without a line means the line behind it. */
  rowOf({ id, offset }: Place): number {
    let top = 0;
    for (const stretch of this.list) {
      const { rows, tops } = this.measure(stretch);
      if (id <= stretch.to) {
        if (!tops || !stretch.lines) return top + ((id - stretch.after) / (stretch.to - stretch.after)) * rows;
        const index = stretch.lines.findIndex((line) => line.id >= id);
        if (index >= 0) return top + tops[index]! + (stretch.lines[index]!.id === id ? offset : 0);
      }
      top += rows;
    }
    return top;
  }

  /** The line of this id; undefined when there is none, or when it is not at hand. */
  lineOf(id: number): LogLine | undefined {
    return this.list.find((stretch) => id <= stretch.to)?.lines?.find((line) => line.id === id);
  }

  /** The lines that these rows belong to, as far as they are at hand. */
  linesIn(from: number, to: number): Placed[] {
    const found: Placed[] = [];
    for (const { stretch, top } of this.within(from, to)) {
      const { tops } = this.measure(stretch);
      if (!tops || !stretch.lines) continue;
      for (let index = lastAtMost(tops, from - top, stretch.lines.length); index < stretch.lines.length && top + tops[index]! < to; index += 1) {
        found.push({ line: stretch.lines[index]!, row: top + tops[index]!, count: tops[index + 1]! - tops[index]! });
      }
    }
    return found;
  }

  private *within(from: number, to: number): Generator<{ stretch: Stretch; top: number; rows: number }> {
    let top = 0;
    for (const stretch of this.list) {
      const { rows } = this.measure(stretch);
      if (top < to && top + rows > from) yield { stretch, top, rows };
      top += rows;
    }
  }

  private measure(stretch: Stretch): Measured {
    const known = this.measures.get(stretch);
    if (known) return known;
    const measured = stretch.lines ? measureLines(stretch.lines, this.countRows) : { rows: this.guess(stretch), tops: null };
    this.measures.set(stretch, measured);
    return measured;
  }

  private guess({ after, count }: Stretch): number {
    return this.remembered.get(after) ?? Math.round(count * this.perLine);
  }

  /** The height of a line that has not been read, from those that have. */
  private takeMean(): void {
    let [rows, lines] = [0, 0];
    for (const stretch of this.list) {
      if (!stretch.lines) continue;
      rows += this.measure(stretch).rows;
      lines += stretch.count;
    }
    this.perLine = lines === 0 ? 1 : rows / lines;
  }
}

function measureLines(lines: readonly LogLine[], countRows: (line: LogLine) => number): Measured {
  const tops = new Uint32Array(lines.length + 1);
  lines.forEach((line, index) => (tops[index + 1] = tops[index]! + countRows(line)));
  return { rows: tops[lines.length]!, tops };
}

/** The last index whose value is at most `row`, among the first `count`; 0 when there is none. */
function lastAtMost(tops: Uint32Array, row: number, count: number): number {
  let [low, high] = [0, Math.max(count - 1, 0)];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (tops[middle]! <= row) low = middle;
    else high = middle - 1;
  }
  return low;
}
