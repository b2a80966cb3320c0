import { describe, expect, it } from 'vitest';

import { readForm, type Schema, type UnionShape } from '../../src/builder/model/schema-form';
import { Problems } from '../../src/ui/form/context';
import { isLongText, labelsOf, limitsOf, placeholderOf, shortText } from '../../src/ui/form/describing';
import { moved, renamed, replaced, without, withField } from '../../src/ui/form/lists';

const node = (schema: Schema) => readForm(schema);

describe('lists', () => {
  const list = ['a', 'b', 'c'];

  it('are changed as copies', () => {
    expect(replaced(list, 1, 'x')).toEqual(['a', 'x', 'c']);
    expect(replaced(list, 1, undefined)).toEqual(['a', null, 'c']);
    expect(without(list, 0)).toEqual(['b', 'c']);
    expect(moved(list, 2, -1)).toEqual(['a', 'c', 'b']);
    expect(moved(list, 0, 9)).toEqual(['b', 'c', 'a']);
    expect(list).toEqual(['a', 'b', 'c']);
  });
});

describe('maps', () => {
  it('keep the order of their keys', () => {
    expect(Object.keys(renamed({ a: 1, b: 2, c: 3 }, 'b', 'x')!)).toEqual(['a', 'x', 'c']);
    expect(withField({ a: 1, b: 2 }, 'a', undefined)).toEqual({ b: 2 });
  });

  it('refuse a key that is empty or taken', () => {
    expect(renamed({ a: 1, b: 2 }, 'a', 'b')).toBeNull();
    expect(renamed({ a: 1 }, 'a', '')).toBeNull();
    expect(renamed({ a: 1 }, 'a', 'a')).toEqual({ a: 1 });
  });

  it('take any key', () => {
    const object = renamed({ a: 1 }, 'a', '__proto__')!;
    expect(Object.keys(object)).toEqual(['__proto__']);
    expect(Object.keys(withField({}, '__proto__', 1))).toEqual(['__proto__']);
    expect(renamed({}, 'a', 'toString')).toEqual({});
  });
});

describe('what a field says of itself', () => {
  it.each<[Schema, string]>([
    [{ type: 'string', default: 'GET' }, 'GET'],
    [{ type: 'integer', default: 0 }, '0'],
    [{ type: 'string', examples: ['X-Key'] }, 'X-Key'],
    [{ type: 'number', exclusiveMinimum: 0 }, 'at least 0'],
    [{ type: 'integer', minimum: 1, maximum: 5 }, 'from 1 to 5'],
    [{ type: 'string', format: 'date-time' }, '2026-01-31T09:00:00Z'],
    [{ type: 'string', default: '' }, ''],
  ])('%j shows "%s"', (schema, shown) => {
    expect(placeholderOf(node(schema))).toBe(shown);
  });

  it('limits', () => {
    const shape = (schema: Schema) => {
      const found = node(schema).shape;
      return found.kind === 'number' ? limitsOf(found) : undefined;
    };
    expect(shape({ type: 'number' })).toBeNull();
    expect(shape({ type: 'number', maximum: 3 })).toBe('at most 3');
  });

  it('long values are cut', () => {
    expect(shortText('x'.repeat(100))).toHaveLength(61);
    expect([true, false, null].map(shortText)).toEqual(['Yes', 'No', 'None']);
  });

  it('kinds of a union have names that people know', () => {
    const { shape } = node({ anyOf: [{ type: 'string' }, { type: 'integer' }, { type: 'object', title: 'Row', properties: {} }, {}] });
    expect(labelsOf(shape as UnionShape)).toEqual(['Text', 'Whole number', 'Row', 'Form 4']);
  });

  it('a text without limit may have lines, one with a form may not', () => {
    expect(isLongText(node({ type: 'string' }))).toBe(true);
    expect(isLongText(node({ type: 'string', maxLength: 50 }))).toBe(false);
    expect(isLongText(node({ type: 'string', format: 'uri' }))).toBe(false);
    expect(isLongText(node({ type: 'string', writeOnly: true }))).toBe(false);
  });
});

describe('problems', () => {
  const problems = new Problems([
    { path: ['rows', 1, 'name'], message: 'is required' },
    { path: '$.rows[1].name', message: 'is short' },
    { path: [], message: 'is odd' },
  ]);

  it('are found at their path, written either way', () => {
    expect(problems.problemsAt(['rows', 1, 'name'])).toEqual(['is required', 'is short']);
    expect(problems.problemsAt(['rows', '1', 'name'])).toEqual([]);
    expect(problems.problemsAt([])).toEqual(['is odd']);
  });

  it('are counted below a path', () => {
    expect([problems.countBelow([]), problems.countBelow(['rows']), problems.countBelow(['rows', 0])]).toEqual([3, 2, 0]);
  });
});
