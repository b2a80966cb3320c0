/** The options of a union: what they are called, and which key tells them apart. */

import { isObject, type JSONValue } from '../json';
import { listIn, resolve, textIn, type Schema } from './schema';
import type { UnionShape } from './shapes';

/** What an option is called. */
export function labelOf(schema: Schema): string {
  return textIn(schema, 'title') || textIn(schema, 'format') || String(schema.const ?? schema.type ?? '');
}

/** Read pydantic's discriminator; the values that it has are read from the options. */
export function readDiscriminator(
  root: Schema,
  schema: Schema,
  parts: readonly JSONValue[],
): UnionShape['discriminator'] {
  const { discriminator } = schema;
  if (!isObject(discriminator) || typeof discriminator.propertyName !== 'string') return null;
  const key = discriminator.propertyName;
  const values = new Map<string, number>();
  parts.forEach((part, index) => {
    const properties = resolve(root, part).properties;
    const field = resolve(root, isObject(properties) ? properties[key] : undefined);
    for (const value of [field.const, ...listIn(field, 'enum')])
      if (typeof value === 'string') values.set(value, index);
  });
  return { key, values };
}
