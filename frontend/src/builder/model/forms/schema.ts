/** Reading JSON Schema, draft 2020-12: references are followed, parts that say more about one value are joined. */

import { getAt, isObject, type JSONObject, type JSONValue, type Path } from '../json';

export type Schema = JSONObject;

const MAX_REFERENCES = 50;

/** Follow `$ref` and join `allOf`; what stands beside a reference goes before what it refers to. */
export function resolve(root: Schema, schema: JSONValue | undefined): Schema {
  let found = isObject(schema) ? schema : {};
  for (let step = 0; step < MAX_REFERENCES && typeof found.$ref === 'string'; step += 1) {
    const { $ref, ...beside } = found;
    const target = pointedAt(root, $ref);
    found = { ...(isObject(target) ? target : {}), ...beside };
  }
  if (!Array.isArray(found.allOf)) return found;
  const { allOf, ...rest } = found;
  return allOf.map((part) => resolve(root, part)).reduceRight<Schema>((whole, part) => join(part, whole), rest);
}

/** Join two schemas that both hold; the second one's words go first. */
function join(first: Schema, second: Schema): Schema {
  const joined = { ...first, ...second };
  if (isObject(first.properties) && isObject(second.properties)) {
    joined.properties = { ...first.properties, ...second.properties };
  }
  if (Array.isArray(first.required) && Array.isArray(second.required)) {
    joined.required = [...new Set([...first.required, ...second.required])];
  }
  return joined;
}

/** Look up `#/$defs/Name`. Schemas elsewhere are not fetched. */
export function pointedAt(root: Schema, reference: string): JSONValue | undefined {
  return reference.startsWith('#') ? getAt(root, readPointer(reference, root)) : undefined;
}

/** Read a JSON pointer. With a value, steps into its lists are numbers. */
export function readPointer(pointer: string, value?: JSONValue): Path {
  const steps = pointer
    .replace(/^#?\/?/, '')
    .split('/')
    .filter((step) => step !== '');
  const path: (string | number)[] = [];
  for (const step of steps) {
    const key = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
    path.push(Array.isArray(getAt(value, path)) ? Number(key) : key);
  }
  return path;
}

export const numberIn = (schema: Schema, key: string): number | null =>
  typeof schema[key] === 'number' ? schema[key] : null;

export const textIn = (schema: Schema, key: string): string => (typeof schema[key] === 'string' ? schema[key] : '');

export const listIn = (schema: Schema, key: string): readonly JSONValue[] =>
  Array.isArray(schema[key]) ? schema[key] : [];
