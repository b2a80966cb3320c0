/** A big value as lines of a tree, of which only what is open is looked at. */

import { isObject, stepKey, type JSONValue, type Path } from './paths';

/** How many entries of a long list are shown before one asks for more. */
export const CHUNK = 200;

export type ValueKind = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null';

export interface ValueRow {
  readonly kind: 'value';
  readonly key: string;
  readonly path: Path;
  readonly value: JSONValue;
  readonly type: ValueKind;
  readonly level: number;
  readonly position: number;
  readonly siblings: number;
  /** Null for what can't be opened. */
  readonly isExpanded: boolean | null;
}

/** Stands below a long list: there is more. */
export interface MoreRow {
  readonly kind: 'more';
  readonly key: string;
  readonly path: Path;
  readonly level: number;
  readonly shown: number;
  readonly total: number;
  readonly isExpanded: null;
}

export type JSONRow = ValueRow | MoreRow;

/** What is open, and of which lists more is shown; by the key of a path. */
export interface Opened {
  readonly open: ReadonlySet<string>;
  readonly limits: ReadonlyMap<string, number>;
}

/** Name a path, so that it can be in a set. */
export function keyOfPath(path: Path): string {
  return JSON.stringify(path);
}

export function kindOf(value: JSONValue): ValueKind {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value as ValueKind;
}

/** The number of entries of an object or a list. */
export function sizeOf(value: JSONValue): number {
  if (Array.isArray(value)) return value.length;
  return isObject(value) ? Object.keys(value).length : 0;
}

/** What is shown of a value, from top to bottom. */
export function rowsOf(value: JSONValue, opened: Opened): JSONRow[] {
  const rows: JSONRow[] = [];
  add(rows, value, [], 1, 1, 1, opened);
  return rows;
}

function add(rows: JSONRow[], value: JSONValue, path: Path, level: number, position: number, siblings: number, opened: Opened): void {
  const key = keyOfPath(path);
  const total = sizeOf(value);
  const isExpanded = total === 0 ? null : opened.open.has(key);
  rows.push({ kind: 'value', key, path, value, type: kindOf(value), level, position, siblings, isExpanded });
  if (!isExpanded) return;
  const limit = opened.limits.get(key) ?? CHUNK;
  const steps = Array.isArray(value) ? value.keys() : Object.keys(value as object);
  let count = 0;
  for (const step of steps) {
    if (count === limit) break;
    count += 1;
    add(rows, stepKey(value, step), [...path, step], level + 1, count, total, opened);
  }
  if (count < total) rows.push({ kind: 'more', key: `${key}+`, path, level: level + 1, shown: count, total, isExpanded: null });
}

/** The paths that are open at first: everything down to a level, but no list that is long. */
export function openTo(value: JSONValue, levels: number, path: Path = []): string[] {
  const size = sizeOf(value);
  if (levels <= 0 || size === 0 || (path.length > 0 && size > CHUNK)) return [];
  const steps = Array.isArray(value) ? [...value.keys()] : Object.keys(value as object);
  return [keyOfPath(path), ...steps.flatMap((step) => openTo(stepKey(value, step), levels - 1, [...path, step]))];
}
