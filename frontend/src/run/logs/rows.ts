/** From log lines to the rows that are drawn: each as high as all the others. */

import type { LogLine } from '../../core/live';
import { ORDINARY, readTerminal, type Run, type TextLine } from './ansi';
import { wrapAt } from './cells';
import { findLinks, type Link } from './links';

/** How lines are broken into rows. */
export interface Layout {
  /** Letters in a row; null: long rows go on to the right. */
  readonly room: number | null;
  /** Ids of lines of which only the first row is shown. */
  readonly folded: ReadonlySet<number>;
}

/** A piece of a row that looks the same all over. */
export interface Piece {
  readonly text: string;
  readonly look: string;
  readonly href: string | null;
  readonly isMatch: boolean;
}

/** One row: a slice of one of a message's lines. */
export interface Row {
  readonly text: TextLine;
  readonly from: number;
  readonly to: number;
}

const read = new WeakMap<LogLine, readonly TextLine[]>();
const links = new WeakMap<TextLine, readonly Link[]>();

/** The text of a message, line by line. */
export function textOf(line: LogLine): readonly TextLine[] {
  const known = read.get(line);
  if (known) return known;
  const lines = readTerminal(line.message);
  read.set(line, lines);
  return lines;
}

/** The rows of a line. */
export function rowsOf(line: LogLine, { room, folded }: Layout): Row[] {
  const rows = textOf(line).flatMap((text) => slices(text, room));
  return folded.has(line.id) ? rows.slice(0, 1) : rows;
}

/** The number of `rowsOf`, without making them where it is plain. */
export function countRows(line: LogLine, layout: Layout): number {
  if (layout.folded.has(line.id)) return 1;
  if (ORDINARY.test(line.message) && line.message.length <= (layout.room ?? Infinity)) return 1;
  return layout.room === null ? textOf(line).length : rowsOf(line, layout).length;
}

function slices(text: TextLine, room: number | null): Row[] {
  if (room === null) return [{ text, from: 0, to: text.text.length }];
  let from = 0;
  return wrapAt(text.text, room).map((to) => {
    const row = { text, from, to };
    from = to;
    return row;
  });
}

/** Cut a row into pieces: where the look changes, where a link begins or ends, and where `q` is found. */
export function piecesOf({ text, from, to }: Row, q = ''): Piece[] {
  const found = linksOf(text);
  const matches = matchesOf(text.text, q);
  if (text.runs.length === 0 && found.length === 0 && matches.length === 0) {
    return [{ text: text.text.slice(from, to), look: '', href: null, isMatch: false }];
  }
  const edges = new Set([from, to, ...text.runs.map((run) => run.to), ...[...found, ...matches].flatMap((span) => [span.from, span.to])]);
  const cuts = [...edges].filter((edge) => edge >= from && edge <= to).sort((a, b) => a - b);
  const [lookAt, linkAt, matchAt] = [walk(spansOf(text.runs)), walk(found), walk(matches)];
  return cuts.slice(1).map((end, index) => {
    const begin = cuts[index]!;
    return { text: text.text.slice(begin, end), look: lookAt(begin)?.look ?? '', href: linkAt(begin)?.href ?? null, isMatch: matchAt(begin) !== undefined };
  });
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** Make the look-up of the span at a place; the places have to be asked in order. */
function walk<S extends Span>(spans: readonly S[]): (place: number) => S | undefined {
  let at = 0;
  return (place) => {
    while (at < spans.length && spans[at]!.to <= place) at += 1;
    const span = spans[at];
    return span && span.from <= place ? span : undefined;
  };
}

function spansOf(runs: readonly Run[]): (Span & Run)[] {
  return runs.map((run, index) => ({ ...run, from: runs[index - 1]?.to ?? 0 }));
}

function linksOf(text: TextLine): readonly Link[] {
  const known = links.get(text);
  if (known) return known;
  const found = findLinks(text.text);
  links.set(text, found);
  return found;
}

/** Where a text is found; capitals do not matter. */
function matchesOf(text: string, q: string): Span[] {
  const [where, wanted] = [text.toLowerCase(), q.toLowerCase()];
  // A few letters change their length with their case; then no place can be named.
  if (wanted === '' || where.length !== text.length) return [];
  const spans: Span[] = [];
  for (let at = where.indexOf(wanted); at >= 0; at = where.indexOf(wanted, at + wanted.length)) spans.push({ from: at, to: at + wanted.length });
  return spans;
}
