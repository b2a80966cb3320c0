/** Where two values differ: by key, and in lists by place, what is the same at both ends left out. */

import { allKeys, valueOf, type FieldChange } from '../../builder/model/diff';
import { isObject, sameJSON, type JSONValue, type Path } from '../../builder/model/json';

/** Return the places of the differences, the first ones; `undefined` is a value that is not there. */
export function diffValues(left: JSONValue | undefined, right: JSONValue | undefined, most = 200): FieldChange[] {
  const found: FieldChange[] = [];
  walk([], left, right, found, most);
  return found;
}

function walk(path: Path, before: JSONValue | undefined, after: JSONValue | undefined, found: FieldChange[], most: number): void {
  if (found.length >= most || sameJSON(before, after)) return;
  if (isObject(before) && isObject(after)) {
    for (const key of allKeys(before, after)) walk([...path, key], valueOf(before, key), valueOf(after, key), found, most);
  } else if (Array.isArray(before) && Array.isArray(after)) {
    walkList(path, before, after, found, most);
  } else {
    found.push({ path, before, after });
  }
}

function walkList(path: Path, before: readonly JSONValue[], after: readonly JSONValue[], found: FieldChange[], most: number): void {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && sameJSON(before[start], after[start])) start += 1;
  let same = 0;
  while (same < shorter - start && sameJSON(before.at(-1 - same), after.at(-1 - same))) same += 1;
  const [leftEnd, rightEnd] = [before.length - same, after.length - same];
  for (let index = start; index < Math.max(leftEnd, rightEnd) && found.length < most; index += 1) {
    walk([...path, index], index < leftEnd ? before[index] : undefined, index < rightEnd ? after[index] : undefined, found, most);
  }
}
