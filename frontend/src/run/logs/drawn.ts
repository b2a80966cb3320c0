/** The rows that are drawn of the lines in sight. */

import type { LogLine } from '../../core/live';
import type { Placed } from './document';
import { rowsOf, type Layout, type Row } from './rows';

export interface Drawn {
  readonly key: string;
  readonly line: LogLine;
  readonly row: Row;
  /** Its number among the rows of its line, from 0. */
  readonly part: number;
  /** Goes on with the text of the row above it, which was too long. */
  readonly isWrapped: boolean;
  /** Rows that are folded away; 0 when none are. */
  readonly hidden: number;
  readonly isFoldable: boolean;
}

/** Make the rows from one to another, and the number of the first that is made. */
export function draw(lines: readonly Placed[], from: number, to: number, layout: Layout): { first: number; rows: Drawn[] } {
  const rows: Drawn[] = [];
  let first: number | null = null;
  for (const { line, row, count } of lines) {
    const begin = Math.max(from - row, 0);
    const parts = partsOf(line, layout).slice(0, count);
    first ??= row + begin;
    rows.push(...parts.slice(begin, Math.max(to - row, begin)));
  }
  return { first: first ?? from, rows };
}

function partsOf(line: LogLine, layout: Layout): Drawn[] {
  const isFolded = layout.folded.has(line.id);
  const all = rowsOf(line, isFolded ? { ...layout, folded: new Set() } : layout);
  const hidden = isFolded ? all.length - 1 : 0;
  return (isFolded ? all.slice(0, 1) : all).map((row, part) => ({
    ...{ key: `${line.id}:${part}`, line, row, part, hidden },
    isWrapped: row.from > 0,
    isFoldable: all.length > 1,
  }));
}
