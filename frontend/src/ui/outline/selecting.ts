/** Which rows are selected, as in any list: one, from here to there, or some. */

export interface Selection {
  readonly selected: readonly string[];
  readonly active: string | null;
  /** From where Shift selects. */
  readonly anchor: string | null;
}

export type Extend = 'one' | 'range' | 'toggle' | 'keep';

/** Go to a row; `order` are the ids of all rows, from top to bottom. */
export function goTo(now: Selection, id: string, order: readonly string[], extend: Extend): Selection {
  switch (extend) {
    case 'one':
      return { selected: [id], active: id, anchor: id };
    case 'keep':
      return { ...now, active: id };
    case 'toggle':
      return { selected: toggled(now.selected, id), active: id, anchor: id };
    case 'range': {
      const anchor = now.anchor !== null && order.includes(now.anchor) ? now.anchor : (now.active ?? id);
      return { selected: between(order, anchor, id), active: id, anchor };
    }
  }
}

/** Select every row. */
export function selectAll(now: Selection, order: readonly string[]): Selection {
  return { ...now, selected: [...order], active: now.active ?? order[0] ?? null };
}

function toggled(selected: readonly string[], id: string): string[] {
  return selected.includes(id) ? selected.filter((other) => other !== id) : [...selected, id];
}

function between(order: readonly string[], from: string, to: string): string[] {
  const [a, b] = [order.indexOf(from), order.indexOf(to)];
  if (a < 0 || b < 0) return [to];
  return order.slice(Math.min(a, b), Math.max(a, b) + 1);
}
