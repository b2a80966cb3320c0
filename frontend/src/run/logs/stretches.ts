/** A log as stretches of ids, in order and without a hole: some are at hand, of the others it is known or guessed how many lines they have. */

import type { LogLine } from '../../core/live';
import type { Ask } from './source';

/** Lines that are asked for at a time. */
export const PAGE = 1_000;

/** What of a stretch of ids, behind `after` and up to `to`, is known. */
export interface Stretch {
  readonly after: number;
  readonly to: number;
  /** Null when they are not at hand. */
  readonly lines: readonly LogLine[] | null;
  readonly count: number;
  /** `count` is no guess. */
  readonly isCounted: boolean;
}

/** Make a stretch of lines that are at hand. */
export function page(after: number, to: number, lines: readonly LogLine[]): Stretch {
  return { after, to, lines, count: lines.length, isCounted: true };
}

/** Make a stretch of which nothing is known; null when there is no id in it. `density` is the number of lines for each id. */
export function gap(after: number, to: number, density: number): Stretch | null {
  if (to <= after) return null;
  const guess = Math.round((to - after) * Math.min(density, 1));
  return { after, to, lines: null, count: Math.max(guess, 1), isCounted: false };
}

/** Let the lines of a stretch go. How many there were stays known. */
export function emptied(stretch: Stretch): Stretch {
  return { ...stretch, lines: null };
}

/** How many lines there are for each id, as far as lines were counted. */
export function densityOf(stretches: readonly Stretch[]): number {
  let [lines, ids] = [0, 0];
  for (const { isCounted, count, after, to } of stretches) {
    if (!isCounted) continue;
    lines += count;
    ids += to - after;
  }
  return ids === 0 ? 1 : lines / ids;
}

/** What to ask for so that the lines around a place in a gap are had; `part` is between 0 and 1. */
export function askFor({ after, to, count }: Stretch, part: number): Ask {
  const before = to + 1;
  if (part * count < PAGE * 0.75) return { from: 'start', after, before, limit: PAGE };
  if ((1 - part) * count < PAGE * 0.75) return { from: 'end', after, before, limit: PAGE };
  const ids = (to - after) / count;
  const middle = after + Math.floor(part * (to - after));
  return { from: 'start', after: Math.max(after, middle - Math.ceil((PAGE / 2) * ids)), before, limit: PAGE };
}

/** Make the stretch that an answer covers: all that was asked for when the answer is not full. `end` is the last id that is known. */
export function answered({ from, after, before, limit }: Ask, lines: readonly LogLine[], end: number): Stretch {
  const isFull = lines.length >= limit;
  const to = before === null ? Math.max(end, lines.at(-1)?.id ?? 0) : before - 1;
  if (!isFull) return page(after, to, lines);
  return from === 'end' ? page(lines[0]!.id - 1, to, lines) : page(after, lines.at(-1)!.id, lines);
}

/** Put a page in place of the gap that it lies in; what is left of the gap is guessed. */
export function put(stretches: readonly Stretch[], found: Stretch): Stretch[] {
  const index = stretches.findIndex(({ after, to, lines }) => lines === null && after <= found.after && found.to <= to);
  const hole = stretches[index];
  if (!hole) return [...stretches];
  const others = stretches.toSpliced(index, 1);
  const density = densityOf([...others, found]);
  const parts = [gap(hole.after, found.after, density), found, gap(found.to, hole.to, density)];
  return stretches.toSpliced(index, 1, ...parts.filter((part) => part !== null));
}

/** Add lines at the end. `to` is the last id that was seen, whether its line is wanted or not. */
export function append(stretches: readonly Stretch[], lines: readonly LogLine[], to: number): Stretch[] {
  const last = stretches.at(-1);
  const end = last?.to ?? 0;
  const fresh = lines.filter((line) => line.id > end);
  if (to <= end) return [...stretches];
  if (!last?.lines || last.lines.length + fresh.length > PAGE) return [...stretches, page(end, to, fresh)];
  return stretches.toSpliced(-1, 1, page(last.after, to, [...last.lines, ...fresh]));
}
