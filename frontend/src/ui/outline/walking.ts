/** Where keys go in a tree: the pattern of the WAI-ARIA practices. */

/** What walking looks at of a row. */
export interface WalkedRow {
  readonly level: number;
  /** Null for what has nothing below it. */
  readonly isExpanded: boolean | null;
}

/** What a key does: go to a row, or open or close the one that is active. */
export type Step = { to: number } | { expand: boolean } | null;

/** Find what an arrow, Home, End or Page key does from a row. */
export function stepByKey(key: string, rows: readonly WalkedRow[], at: number, page: number): Step {
  const last = rows.length - 1;
  if (last < 0) return null;
  const row = rows[at];
  switch (key) {
    case 'ArrowDown':
      return { to: Math.min(last, at + 1) };
    case 'ArrowUp':
      return { to: Math.max(0, at - 1) };
    case 'Home':
      return { to: 0 };
    case 'End':
      return { to: last };
    case 'PageDown':
      return { to: Math.min(last, at + page) };
    case 'PageUp':
      return { to: Math.max(0, at - page) };
    case 'ArrowRight':
      return row ? inwards(row, at) : null;
    case 'ArrowLeft':
      return row ? outwards(rows, row, at) : null;
    default:
      return null;
  }
}

function inwards(row: WalkedRow, at: number): Step {
  if (row.isExpanded === null) return null;
  return row.isExpanded ? { to: at + 1 } : { expand: true };
}

function outwards(rows: readonly WalkedRow[], row: WalkedRow, at: number): Step {
  if (row.isExpanded) return { expand: false };
  for (let above = at - 1; above >= 0; above -= 1) if (rows[above]!.level < row.level) return { to: above };
  return null;
}

const PAUSE_MS = 700;

/** Letters that are typed one after the other, as one text. */
export class TypeAhead {
  private typed = '';
  private last = -Infinity;

  /** Take a letter and find the next row whose name begins with what was typed. */
  find(letter: string, names: readonly string[], at: number, now: number): number | null {
    const isNew = now - this.last > PAUSE_MS;
    this.last = now;
    this.typed = (isNew ? '' : this.typed) + letter.toLowerCase();
    // The same letter again and again goes from one to the next.
    const isOneLetter = [...this.typed].every((other) => other === this.typed[0]);
    const wanted = isOneLetter ? this.typed[0]! : this.typed;
    const from = isOneLetter ? at + 1 : at;
    const order = names.map((_, index) => (from + index + names.length) % names.length);
    return order.find((index) => names[index]!.toLowerCase().startsWith(wanted)) ?? null;
  }

  /** Tell whether somebody is in the middle of a word; then a space belongs to it. */
  isTyping(now: number): boolean {
    return this.typed !== '' && now - this.last <= PAUSE_MS;
  }
}
