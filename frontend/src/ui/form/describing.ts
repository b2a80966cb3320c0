/** What a field says of itself: its default, its limits, the kind of its value. */

import { showText, type FormNode, type NumberShape, type UnionShape } from '../../builder/model/schema-form';
import type { JSONValue } from '../../builder/model/json';
import { text, type TextKey } from '../texts';

const LONGEST = 60;

/** A value in one short line. */
export function shortText(value: JSONValue): string {
  if (value === true || value === false) return text(value ? 'form.true' : 'form.false');
  if (value === null) return text('form.null');
  const whole = typeof value === 'string' ? value : JSON.stringify(value);
  return whole.length > LONGEST ? `${whole.slice(0, LONGEST)}…` : whole;
}

/** What stands in a box that is empty: its default, or an example. */
export function placeholderOf({ defaultValue, examples, shape }: FormNode): string {
  if (defaultValue !== undefined && defaultValue !== null && defaultValue !== '') return shortText(defaultValue);
  if (examples.length > 0) return showText(examples[0]);
  if (shape.kind === 'number') return limitsOf(shape) ?? '';
  return shape.kind === 'text' ? (SHAPES[shape.format] ?? '') : '';
}

const SHAPES: Readonly<Record<string, string>> = {
  'date-time': '2026-01-31T09:00:00Z',
  time: '09:00:00',
  duration: 'P1DT2H',
  uri: 'https://',
  uuid: '00000000-0000-0000-0000-000000000000',
};

/** The limits of a number, in words; null when it has none. */
export function limitsOf(shape: NumberShape): string | null {
  const minimum = shape.minimum ?? shape.above;
  const maximum = shape.maximum ?? shape.below;
  if (minimum !== null && maximum !== null) return text('form.limits', { minimum, maximum });
  if (minimum !== null) return text('form.atLeast', { minimum });
  return maximum === null ? null : text('form.atMost', { maximum });
}

/** What the options of a union are called: the names of their schemas, or what kind of value they are. */
export function labelsOf({ options }: UnionShape): string[] {
  return options.map(({ label }, index) => {
    const key = `kind.${label}`;
    if (KINDS.has(key)) return text(key as 'kind.string');
    return label || text('kind.other', { number: index + 1 });
  });
}

const KINDS: ReadonlySet<string> = new Set<TextKey>([
  ...(['kind.string', 'kind.number', 'kind.integer', 'kind.boolean', 'kind.object', 'kind.array', 'kind.null'] as const),
]);

/** Tell whether a text is likely to have several lines. */
export function isLongText({ shape }: FormNode): boolean {
  return shape.kind === 'text' && shape.format === '' && !shape.isSecret && (shape.maxLength === null || shape.maxLength > 200);
}
