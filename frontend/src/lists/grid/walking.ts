/** Walking a grid by keyboard, as the ARIA pattern says. */

export interface Place {
  readonly row: number;
  readonly column: number;
}

export interface Size {
  readonly rows: number;
  readonly columns: number;
}

const PAGE = 10;

/** Return where a key leads to; null when it means nothing here. */
export function moved(key: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey'>, from: Place, size: Size): Place | null {
  if (key.altKey) return null;
  const far = key.ctrlKey || key.metaKey;
  const last = { row: size.rows - 1, column: size.columns - 1 };
  const to: Record<string, Place> = {
    ArrowLeft: { row: from.row, column: far ? 0 : from.column - 1 },
    ArrowRight: { row: from.row, column: far ? last.column : from.column + 1 },
    ArrowUp: { row: far ? 0 : from.row - 1, column: from.column },
    ArrowDown: { row: far ? last.row : from.row + 1, column: from.column },
    Home: { row: far ? 0 : from.row, column: 0 },
    End: { row: far ? last.row : from.row, column: last.column },
    PageUp: { row: from.row - PAGE, column: from.column },
    PageDown: { row: from.row + PAGE, column: from.column },
  };
  const place = to[key.key];
  if (!place) return null;
  const within = (value: number, most: number): number => Math.min(Math.max(value, 0), most);
  return { row: within(place.row, last.row), column: within(place.column, last.column) };
}
