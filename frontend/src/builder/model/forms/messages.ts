/** The words for what breaks a schema. */

import type { OutputUnit } from '@cfworker/json-schema';
import type { JSONValue } from '../json';
import { text } from '../texts';
import { resolve, type Schema } from './schema';

/** Say what is wrong; `value` is that of the keyword that was broken. */
export function messageOf(schema: Schema, { keyword, error }: OutputUnit, value: JSONValue | undefined): string {
  const limit = typeof value === 'number' ? value : String(value);
  switch (keyword) {
    case 'type':
      return text('form.type', { kind: kindsText(value) });
    case 'enum':
      return text('form.enum', {
        options: (Array.isArray(value) ? value : []).map((option) => JSON.stringify(option)).join(', '),
      });
    case 'const':
      return text('form.const', { value: JSON.stringify(value) });
    case 'false':
      return text('form.unknown');
    case 'pattern':
      return text('form.pattern', { pattern: String(value) });
    case 'uniqueItems':
      return text('form.unique');
    case 'anyOf':
    case 'oneOf':
      return unionText(schema, value) ?? text('form.union');
    default: {
      const key = LIMITS.get(keyword);
      return key ? text(key, { limit }) : text('form.other', { reason: error });
    }
  }
}

const LIMITS = new Map([
  ['minimum', 'form.minimum'],
  ['maximum', 'form.maximum'],
  ['exclusiveMinimum', 'form.above'],
  ['exclusiveMaximum', 'form.below'],
  ['multipleOf', 'form.multiple'],
  ['minLength', 'form.minLength'],
  ['maxLength', 'form.maxLength'],
  ['minItems', 'form.minItems'],
  ['maxItems', 'form.maxItems'],
  ['minProperties', 'form.minKeys'],
  ['maxProperties', 'form.maxKeys'],
] as const) as ReadonlyMap<string, 'form.minimum'>;

const KIND_WORDS = new Map([
  ['string', 'a text'],
  ['integer', 'a whole number'],
  ['number', 'a number'],
  ['boolean', 'true or false'],
  ['array', 'a list'],
  ['object', 'an object'],
  ['null', 'null'],
]);

function kindsText(types: JSONValue | undefined): string {
  return (Array.isArray(types) ? types : [types])
    .map((type) => KIND_WORDS.get(String(type)) ?? String(type))
    .join(' or ');
}

/** Where the options are of different kinds, the value is of none of them. */
function unionText(schema: Schema, options: JSONValue | undefined): string | null {
  if (!Array.isArray(options)) return null;
  const kinds = options.map((option) => resolve(schema, option).type);
  const isTold = kinds.every((kind) => typeof kind === 'string') && new Set(kinds).size === kinds.length;
  return isTold ? text('form.type', { kind: kindsText(kinds as JSONValue[]) }) : null;
}
