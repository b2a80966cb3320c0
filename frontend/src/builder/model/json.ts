/** JSON values: comparing, and changing without touching what was there. */

import type { JSONValue } from '../../core/live';

export type { JSONValue };
export type JSONObject = { [key: string]: JSONValue };

/** Where something is in a value: `['rows', 0, 'name']`. */
export type Path = readonly (string | number)[];

/** Tell whether a value is an object with keys, and no list. */
export function isObject(value: unknown): value is JSONObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Tell whether two values are the same JSON; the order of an object's keys means nothing. */
export function sameJSON(a: JSONValue | undefined, b: JSONValue | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => sameJSON(item, b[index]));
  }
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && sameJSON(a[key], b[key]))
  );
}

/** Write a value in the one form that equal values share: keys sorted, no blanks. */
export function canonicalJSON(value: JSONValue): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJSON).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const entries = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJSON(value[key]!)}`);
  return `{${entries.join(',')}}`;
}

/** Read a key of an object's own; `undefined` when there is none. */
export function own<T extends object, K extends keyof T & string>(object: T, key: K): T[K] | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Return the object with one key changed, in its old place, or added at the end. */
export function withKey<T extends object>(object: T, key: string, value: unknown): T {
  const copy = { ...object };
  // Assigning `__proto__` would do something else.
  Object.defineProperty(copy, key, { value, enumerable: true, configurable: true, writable: true });
  return copy;
}

/** Return the object without a key. */
export function withoutKey<T extends object>(object: T, key: string): T {
  if (!Object.hasOwn(object, key)) return object;
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== key)) as T;
}

/** Look up a value by its path; `undefined` when there is nothing. */
export function getAt(value: JSONValue | undefined, path: Path): JSONValue | undefined {
  let found = value;
  for (const step of path) {
    if (Array.isArray(found) && typeof step === 'number') found = found[step];
    else if (isObject(found)) found = own(found, String(step));
    else return undefined;
  }
  return found;
}

/** Return the value with something else at a path. What is missing on the way is made; `undefined` removes. */
export function setAt(value: JSONValue | undefined, path: Path, next: JSONValue | undefined): JSONValue | undefined {
  const [step, ...rest] = path;
  if (step === undefined) return next;
  if (typeof step === 'number') return setItem(Array.isArray(value) ? value : [], step, rest, next);
  const object = isObject(value) ? value : {};
  const inner = setAt(own(object, step), rest, next);
  return inner === undefined ? withoutKey(object, step) : withKey(object, step, inner);
}

function setItem(list: JSONValue[], index: number, rest: Path, next: JSONValue | undefined): JSONValue[] {
  const inner = setAt(list[index], rest, next);
  if (inner === undefined) return list.filter((_, other) => other !== index);
  const copy = [...list];
  // A list has no holes.
  while (copy.length < index) copy.push(null);
  copy[index] = inner;
  return copy;
}

/** Return a value with each text in it replaced; a part without a change is the same object as before. */
export function mapTexts(value: JSONValue, replace: (text: string) => string): JSONValue {
  if (typeof value === 'string') return replace(value);
  if (Array.isArray(value)) {
    const items = value.map((item) => mapTexts(item, replace));
    return items.every((item, index) => item === value[index]) ? value : items;
  }
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, mapTexts(item, replace)] as const);
  return entries.every(([key, item]) => item === value[key]) ? value : Object.fromEntries(entries);
}

/** Go through every text in a value. */
export function eachText(
  value: JSONValue | undefined,
  tell: (text: string, path: Path) => void,
  path: Path = [],
): void {
  if (typeof value === 'string') tell(value, path);
  else if (Array.isArray(value)) value.forEach((item, index) => eachText(item, tell, [...path, index]));
  else if (isObject(value)) for (const key of Object.keys(value)) eachText(value[key], tell, [...path, key]);
}

/** Write a path as the server writes it: `$.tasks[3].inputs["a b"]`. */
export function pathText(path: Path, root = '$'): string {
  const steps = path.map((step) => {
    if (typeof step === 'number') return `[${step}]`;
    return /^[A-Za-z_][A-Za-z0-9_]*$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
  });
  return root + steps.join('');
}
