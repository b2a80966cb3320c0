/** Lists and maps of a form: entries that are added, moved and removed, keys that are renamed. Nothing is changed in place. */

import { withKey, withoutKey, type JSONObject, type JSONValue } from '../../builder/model/json';

/** The list with an entry replaced; a list has no holes, so that one without a value is null. */
export function replaced(list: readonly JSONValue[], index: number, value: JSONValue | undefined): JSONValue[] {
  return list.map((item, at) => (at === index ? (value ?? null) : item));
}

/** The list without an entry. */
export function without(list: readonly JSONValue[], index: number): JSONValue[] {
  return list.filter((_, at) => at !== index);
}

/** The list with an entry moved by some places. */
export function moved(list: readonly JSONValue[], index: number, by: number): JSONValue[] {
  const rest = without(list, index);
  rest.splice(Math.max(0, Math.min(rest.length, index + by)), 0, list[index]!);
  return rest;
}

/** The object with a key set, or taken out when there is no value. */
export function withField(object: JSONObject, key: string, value: JSONValue | undefined): JSONObject {
  return value === undefined ? withoutKey(object, key) : withKey(object, key, value);
}

/** The object with a key renamed in its place; null when the name is empty or taken. */
export function renamed(object: JSONObject, from: string, to: string): JSONObject | null {
  if (to === from) return object;
  if (to === '' || Object.hasOwn(object, to)) return null;
  // `fromEntries` makes `__proto__` a key like any other.
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key === from ? to : key, value]));
}
