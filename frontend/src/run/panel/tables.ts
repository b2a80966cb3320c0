/** Values that are better seen as a table: lists of objects. */

import { isObject, type JSONValue, type Path } from '../../builder/model/json';

/** Columns that are shown at most. */
export const MOST_COLUMNS = 30;
/** Rows that are looked at for their columns. */
const LOOKED_AT = 1_000;

export interface Table {
  /** Where the list is in the value. */
  readonly path: Path;
  readonly columns: readonly string[];
  /** Columns that are left out. */
  readonly more: number;
  readonly rows: readonly { readonly [key: string]: JSONValue }[];
}

/** Return the table in a value: the value itself, or the only list of objects among its keys. Null when there is none. */
export function tableOf(value: JSONValue): Table | null {
  const rows = rowsOf(value);
  if (rows) return made([], rows);
  if (!isObject(value)) return null;
  const found = Object.entries(value).flatMap(([key, item]) => {
    const inner = rowsOf(item);
    return inner ? [made([key], inner)] : [];
  });
  return found.length === 1 ? found[0]! : null;
}

function rowsOf(value: JSONValue): { [key: string]: JSONValue }[] | null {
  if (!Array.isArray(value) || value.length === 0) return null;
  const isTable = value.every((row) => isObject(row) && Object.keys(row).length > 0);
  return isTable ? (value as { [key: string]: JSONValue }[]) : null;
}

function made(path: Path, rows: readonly { [key: string]: JSONValue }[]): Table {
  const names = new Set<string>();
  for (const row of rows.slice(0, LOOKED_AT)) for (const name of Object.keys(row)) names.add(name);
  const all = [...names];
  return { path, columns: all.slice(0, MOST_COLUMNS), more: Math.max(all.length - MOST_COLUMNS, 0), rows };
}

/** Write what is in a cell; a longer text is cut. */
export function cellText(value: JSONValue | undefined, most = 200): string {
  if (value === undefined) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
