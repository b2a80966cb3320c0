/** Values of a form: what stands in a text box, what a new entry begins with, which option of a union a value is. */

import { hasExpression } from '../expressions';
import { isObject, own, type JSONObject, type JSONValue } from '../json';
import { isProblem, readJSON } from '../json-text';
import { text } from '../texts';
import type { FormNode, Shape, UnionShape } from './shapes';

/** What was typed, as a value; `undefined` for a box that is empty. */
export type Typed = { value: JSONValue | undefined } | { problem: string };

/** Show a value in a text box. */
export function showText(value: JSONValue | undefined): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string'
    ? value
    : JSON.stringify(value, null, isObject(value) || Array.isArray(value) ? 2 : 0);
}

/** Read what was typed. A text with an expression is taken as it is, whatever kind of value the field wants. */
export function readTyped({ shape, isNullable }: FormNode, typed: string, isRequired = false): Typed {
  if (hasExpression(typed)) return { value: typed };
  if (shape.kind === 'text') return { value: typed === '' && !(isRequired && !isNullable) ? undefined : typed };
  const trimmed = typed.trim();
  if (trimmed === '') return { value: undefined };
  if (shape.kind === 'number') return readNumber(trimmed, shape.isInteger);
  if (shape.kind === 'boolean') return readBoolean(trimmed);
  if (shape.kind === 'choice') return readChoice(shape.options, typed);
  return readRaw(trimmed);
}

function readNumber(typed: string, isInteger: boolean): Typed {
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(typed)) {
    return { problem: text(isInteger ? 'form.integer' : 'form.number') };
  }
  const value = Number(typed);
  if (!Number.isFinite(value)) return { problem: text('form.range') };
  if (isInteger && !Number.isInteger(value)) return { problem: text('form.integer') };
  const isLong = /^[+-]?\d+$/.test(typed) && BigInt(typed.replace('+', '')) !== BigInt(value);
  return isLong ? { problem: text('form.inexact') } : { value };
}

function readBoolean(typed: string): Typed {
  const word = typed.toLowerCase();
  return word === 'true' || word === 'false' ? { value: word === 'true' } : { problem: text('form.boolean') };
}

/** An option is shown by its text; a text that is no option is kept, for the validation to complain about. */
function readChoice(options: readonly JSONValue[], typed: string): Typed {
  const found = options.find((option) => showText(option) === typed);
  return { value: found === undefined ? typed : found };
}

function readRaw(typed: string): Typed {
  const read = readJSON(typed);
  return isProblem(read) ? { problem: text('form.json', { message: read.message }) } : { value: read.value };
}

/** What a new entry or a field that is switched on begins with; `undefined` when the box is best left empty. */
export function firstValue({ shape, defaultValue, isNullable }: FormNode): JSONValue | undefined {
  if (defaultValue !== undefined && defaultValue !== null) return defaultValue;
  if (isNullable && defaultValue === null) return null;
  switch (shape.kind) {
    case 'text':
      return '';
    case 'boolean':
      return false;
    case 'choice':
      return shape.options[0];
    case 'object':
      return firstObject(shape);
    case 'list':
      return Array.from({ length: shape.minItems }, (_, index) => firstItem(shape.item(index)));
    case 'union':
      return shape.options[0] && firstValue(shape.options[0].node());
    case 'null':
      return null;
    default:
      return undefined;
  }
}

function firstItem(node: FormNode | null): JSONValue {
  return (node && firstValue(node)) ?? null;
}

function firstObject(shape: Extract<Shape, { kind: 'object' }>): JSONObject {
  const required = shape.fields().filter(({ isRequired, node }) => isRequired || node.shape.kind === 'choice');
  const entries = required.map(({ key, node }) => [key, firstValue(node)] as const);
  return Object.fromEntries(entries.filter((entry): entry is readonly [string, JSONValue] => entry[1] !== undefined));
}

/** The option of a union that a value is, by its index; null when it is none. */
export function optionOf({ options, discriminator }: UnionShape, value: JSONValue | undefined): number | null {
  if (discriminator && isObject(value)) {
    const chosen = discriminator.values.get(String(own(value, discriminator.key)));
    if (chosen !== undefined) return chosen;
  }
  const scores = options.map((option) => likeness(option.node(), value));
  const best = Math.max(...scores);
  return best > 0 ? scores.indexOf(best) : null;
}

/** How much a value looks like what a node wants; 0 is not at all. */
function likeness({ shape }: FormNode, value: JSONValue | undefined): number {
  switch (shape.kind) {
    case 'text':
      return typeof value === 'string' ? 1 : 0;
    case 'number':
      return typeof value === 'number' && (!shape.isInteger || Number.isInteger(value)) ? 2 : 0;
    case 'boolean':
      return typeof value === 'boolean' ? 1 : 0;
    case 'null':
      return value === null ? 1 : 0;
    case 'choice':
      return shape.options.some((option) => option === value) ? 3 : 0;
    case 'list':
      return Array.isArray(value) ? 1 : 0;
    case 'object':
      return isObject(value) ? likenessOfObject(shape, value) : 0;
    case 'union':
      return optionOf(shape, value) === null ? 0 : 1;
    default:
      return value === undefined ? 0 : 0.5;
  }
}

function likenessOfObject(shape: Extract<Shape, { kind: 'object' }>, value: JSONObject): number {
  const fields = shape.fields();
  const isOther = fields.some(
    ({ key, node }) => key in value && node.shape.kind === 'choice' && likeness(node, value[key]) === 0,
  );
  if (isOther) return 0.1;
  const missing = fields.filter(({ key, isRequired }) => isRequired && !(key in value)).length;
  const known = fields.filter(({ key }) => key in value).length;
  return Math.max(0.2, 1 + known - missing);
}
