/** From a JSON Schema to what a form shows. */

import { isObject, type JSONValue } from '../json';
import { labelOf, readDiscriminator } from './options';
import { listIn, numberIn, resolve, textIn, type Schema } from './schema';
import type { FormNode, ListShape, NumberShape, ObjectShape, Shape, TextShape, UnionShape } from './shapes';

/** Read the schema of an executor's inputs, or of a tree's parameters. */
export function readForm(schema: Schema): FormNode {
  return readNode(schema, schema);
}

function readNode(root: Schema, raw: JSONValue | undefined): FormNode {
  const schema = resolve(root, raw);
  const { inner, isNullable } = withoutNull(root, schema);
  const isSecret = schema.writeOnly === true;
  return {
    shape: readShape(root, inner),
    title: textIn(schema, 'title') || textIn(inner, 'title'),
    description: textIn(schema, 'description') || textIn(inner, 'description'),
    // What stands there for a secret is a mask.
    defaultValue: isSecret ? undefined : (schema.default ?? inner.default),
    examples: listIn(schema, 'examples'),
    isNullable,
    isDeprecated: schema.deprecated === true,
    isReadOnly: schema.readOnly === true,
    schema,
  };
}

/** `anyOf: [X, null]` is X, or nothing. */
function withoutNull(root: Schema, schema: Schema): { inner: Schema; isNullable: boolean } {
  if (Array.isArray(schema.type) && schema.type.includes('null')) {
    const types = schema.type.filter((type) => type !== 'null');
    return { inner: { ...schema, type: types.length === 1 ? types[0]! : types }, isNullable: true };
  }
  for (const keyword of ['anyOf', 'oneOf'] as const) {
    const parts = listIn(schema, keyword);
    const others = parts.filter((part) => resolve(root, part).type !== 'null');
    if (parts.length === 0) continue;
    const { [keyword]: _parts, ...rest } = schema;
    const isNullable = others.length < parts.length;
    if (others.length === 1) return { inner: { ...resolve(root, others[0]), ...rest }, isNullable };
    return { inner: { ...schema, [keyword]: others }, isNullable };
  }
  return { inner: schema, isNullable: false };
}

function readShape(root: Schema, schema: Schema): Shape {
  if ('const' in schema) return { kind: 'choice', options: [schema.const!] };
  if (Array.isArray(schema.enum)) return { kind: 'choice', options: schema.enum };
  for (const keyword of ['oneOf', 'anyOf'] as const)
    if (Array.isArray(schema[keyword])) return readUnion(root, schema, keyword);
  if (Array.isArray(schema.type)) return readTypes(root, schema, schema.type);
  switch (schema.type ?? guessType(schema)) {
    case 'string':
      return readText(schema);
    case 'integer':
    case 'number':
      return readNumber(schema);
    case 'object':
      return readObject(root, schema);
    case 'array':
      return readList(root, schema);
    case 'boolean':
      return { kind: 'boolean' };
    case 'null':
      return { kind: 'null' };
    default:
      return { kind: 'json' };
  }
}

function guessType(schema: Schema): string {
  if (isObject(schema.properties)) return 'object';
  return 'items' in schema || 'prefixItems' in schema ? 'array' : '';
}

function readText(schema: Schema): TextShape {
  const format = textIn(schema, 'format');
  return {
    kind: 'text',
    format,
    isSecret: schema.writeOnly === true || format === 'password',
    minLength: numberIn(schema, 'minLength'),
    maxLength: numberIn(schema, 'maxLength'),
    pattern: textIn(schema, 'pattern'),
  };
}

function readNumber(schema: Schema): NumberShape {
  return {
    kind: 'number',
    isInteger: schema.type === 'integer',
    minimum: numberIn(schema, 'minimum'),
    maximum: numberIn(schema, 'maximum'),
    above: numberIn(schema, 'exclusiveMinimum'),
    below: numberIn(schema, 'exclusiveMaximum'),
    multipleOf: numberIn(schema, 'multipleOf'),
  };
}

function readObject(root: Schema, schema: Schema): ObjectShape {
  const properties = isObject(schema.properties) ? schema.properties : {};
  const required = new Set(listIn(schema, 'required'));
  const pattern = isObject(schema.patternProperties) ? Object.values(schema.patternProperties)[0] : undefined;
  const extra = pattern ?? schema.additionalProperties;
  return {
    kind: 'object',
    fields: () =>
      Object.keys(properties).map((key) => {
        const node = readNode(root, properties[key]);
        return { key, isRequired: required.has(key), node: { ...node, title: node.title || key } };
      }),
    extra: extra === false ? null : () => readNode(root, extra),
  };
}

function readList(root: Schema, schema: Schema): ListShape {
  const first = listIn(schema, 'prefixItems');
  const { items } = schema;
  const maxItems = numberIn(schema, 'maxItems');
  return {
    kind: 'list',
    item: (index) => {
      if (maxItems !== null && index >= maxItems) return null;
      if (index < first.length) return readNode(root, first[index]);
      return items === false ? null : readNode(root, items);
    },
    minItems: numberIn(schema, 'minItems') ?? 0,
    maxItems: items === false ? first.length : maxItems,
    isUnique: schema.uniqueItems === true,
  };
}

function readUnion(root: Schema, schema: Schema, keyword: 'oneOf' | 'anyOf'): UnionShape {
  const { [keyword]: parts, title: _title, default: _default, ...rest } = schema;
  const shared = { ...rest, description: '' };
  const options = (parts as JSONValue[]).map((part) => {
    const inner = resolve(root, part);
    return { label: labelOf(inner), node: () => readNode(root, { ...shared, ...inner }) };
  });
  return { kind: 'union', options, discriminator: readDiscriminator(root, schema, parts as JSONValue[]) };
}

function readTypes(root: Schema, schema: Schema, types: readonly JSONValue[]): UnionShape {
  const options = types.map((type) => ({ label: String(type), node: () => readNode(root, { ...schema, type }) }));
  return { kind: 'union', options, discriminator: null };
}
