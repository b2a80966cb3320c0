import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { JSONObject, JSONValue } from '../../src/builder/model/json';
import {
  firstValue,
  inputProblems,
  optionOf,
  readForm,
  readTyped,
  schemaProblems,
  showText,
  type FormNode,
  type ObjectShape,
  type Schema,
} from '../../src/builder/model/schema-form';

/** What pydantic wrote for a model with a field of every kind. */
const SCHEMA = JSON.parse(readFileSync(new URL('./pydantic-schema.json', import.meta.url), 'utf8')) as Schema;

function fields(node: FormNode) {
  return new Map((node.shape as ObjectShape).fields().map((field) => [field.key, field]));
}

const FORM = fields(readForm(SCHEMA));
const node = (key: string) => FORM.get(key)!.node;

describe('a form', () => {
  it('has the fields in their order, with titles, descriptions and what is required', () => {
    expect([...FORM.keys()].slice(0, 4)).toEqual(['url', 'n', 'f', 'b']);
    expect(node('url')).toMatchObject({ title: 'Url', description: 'Where' });
    expect([...FORM.values()].filter(({ isRequired }) => isRequired).map(({ key }) => key)).toEqual(['url', 'pet']);
    expect(readForm(SCHEMA).description).toBe('What it does.');
  });

  it.each([
    ['url', { kind: 'text', format: '', isSecret: false, minLength: 1, maxLength: 20, pattern: '^http' }],
    ['n', { kind: 'number', isInteger: true, minimum: 0, maximum: 10, above: null, below: null, multipleOf: 1 }],
    ['f', { kind: 'number', isInteger: false, above: 0, below: 2 }],
    ['b', { kind: 'boolean' }],
    ['opt', { kind: 'text' }],
    ['color', { kind: 'choice', options: ['red', 'blue'] }],
    ['lit', { kind: 'choice', options: ['a', 'b', 3] }],
    ['one', { kind: 'choice', options: ['x'] }],
    ['tags', { kind: 'list', minItems: 1, maxItems: 3, isUnique: false }],
    ['uniq', { kind: 'list', isUnique: true }],
    ['any', { kind: 'json' }],
    ['when', { kind: 'text', format: 'date-time' }],
    ['dur', { kind: 'text', format: 'duration' }],
    ['u', { kind: 'text', format: 'uuid' }],
    ['sec', { kind: 'text', isSecret: true }],
  ])('%s', (key, shape) => {
    expect(node(key).shape).toMatchObject(shape);
  });

  it('knows what may be null, is deprecated, and has a default', () => {
    expect(node('opt')).toMatchObject({ isNullable: true, defaultValue: null });
    expect(node('color')).toMatchObject({ isNullable: false, defaultValue: 'red', title: 'Color' });
    expect(node('dep')).toMatchObject({ isDeprecated: true, examples: ['e1'] });
    // Pydantic writes a mask there.
    expect(node('sec').defaultValue).toBeUndefined();
  });

  it('has places of a tuple, entries of a list, and values of free keys', () => {
    const tuple = node('tup').shape;
    if (tuple.kind !== 'list') throw new Error(tuple.kind);
    expect([0, 1].map((index) => tuple.item(index)!.shape.kind)).toEqual(['number', 'text']);
    expect(tuple.item(2)).toBeNull();
    const map = node('d').shape as ObjectShape;
    expect(map.fields()).toEqual([]);
    expect(map.extra!().shape).toMatchObject({ kind: 'number', isInteger: true });
  });

  it('may contain itself', () => {
    const children = fields(node('tree')).get('children')!.node.shape;
    if (children.kind !== 'list') throw new Error(children.kind);
    expect(fields(children.item(0)!).get('children')!.node.shape.kind).toBe('list');
    expect(node('tree').isNullable).toBe(true);
  });

  it('has unions, told apart by a key or by the kind of value', () => {
    const pet = node('pet').shape;
    if (pet.kind !== 'union') throw new Error(pet.kind);
    expect(pet.options.map(({ label }) => label)).toEqual(['Cat', 'Dog']);
    expect(optionOf(pet, { kind: 'dog' })).toBe(1);
    expect(optionOf(pet, { kind: 'cat', lives: 1 })).toBe(0);
    const plain = node('uni').shape;
    if (plain.kind !== 'union') throw new Error(plain.kind);
    expect([3, 'x', true].map((value) => optionOf(plain, value))).toEqual([0, 1, null]);
    expect(node('uni').isNullable).toBe(true);
  });

  it('tells objects of a union apart without a discriminator', () => {
    const { discriminator: _discriminator, ...pet } = (SCHEMA.properties as JSONObject).pet as JSONObject;
    const { shape } = readForm({ ...pet, $defs: SCHEMA.$defs! });
    if (shape.kind !== 'union') throw new Error(shape.kind);
    expect([{ kind: 'dog', name: 'x' }, { kind: 'cat' }].map((value) => optionOf(shape, value))).toEqual([1, 0]);
  });

  it('joins what allOf says', () => {
    const schema = { allOf: [{ $ref: '#/$defs/Cat' }, { required: ['lives'] }], title: 'Mine', $defs: SCHEMA.$defs! };
    const form = readForm(schema);
    expect(form.title).toBe('Mine');
    expect(fields(form).get('lives')!.isRequired).toBe(true);
  });

  it('is one of anything where the schema says nothing, or refers to nothing or to itself', () => {
    expect(readForm({}).shape.kind).toBe('json');
    expect(readForm({ $ref: '#/$defs/None' }).shape.kind).toBe('json');
    expect(readForm({ $defs: { A: { $ref: '#/$defs/A' } }, $ref: '#/$defs/A' }).shape.kind).toBe('json');
    expect(readForm({ $ref: 'https://example.org/schema' }).shape.kind).toBe('json');
  });

  it('takes a list of types for a union', () => {
    const { shape, isNullable } = readForm({ type: ['integer', 'string', 'null'] });
    expect(isNullable).toBe(true);
    expect(shape.kind === 'union' && shape.options.map((option) => option.node().shape.kind)).toEqual([
      'number',
      'text',
    ]);
  });
});

describe('what is typed', () => {
  it.each([
    ['n', '3', { value: 3 }],
    ['n', ' -2 ', { value: -2 }],
    ['n', '', { value: undefined }],
    ['n', '1.5', { problem: 'This is no whole number' }],
    ['n', 'abc', { problem: 'This is no whole number' }],
    ['n', '12345678901234567890', { problem: 'This number is too long to be kept exactly' }],
    ['f', '1,5', { problem: 'This is no number' }],
    ['f', '0x10', { problem: 'This is no number' }],
    ['f', '1e400', { problem: 'This number is too large' }],
    ['f', '.5e1', { value: 5 }],
    ['f', '{{ tasks.a.result }}', { value: '{{ tasks.a.result }}' }],
    ['b', 'TRUE', { value: true }],
    ['b', 'maybe', { problem: 'This is neither true nor false' }],
    ['lit', '3', { value: 3 }],
    ['lit', 'c', { value: 'c' }],
    ['url', '', { value: undefined }],
    ['opt', ' a ', { value: ' a ' }],
    ['any', '{"a": [1]}', { value: { a: [1] } }],
    ['any', '{', { problem: 'This is no JSON: A key in double quotes belongs here' }],
  ])('%s: %j', (key, typed, expected) => {
    expect(readTyped(node(key), typed)).toEqual(expected);
  });

  it('is an empty text where a text is required', () => {
    expect(readTyped(node('url'), '', true)).toEqual({ value: '' });
  });

  it.each([
    [3, '3'],
    ['a', 'a'],
    [null, ''],
    [undefined, ''],
    [true, 'true'],
    [{ a: 1 }, '{\n  "a": 1\n}'],
  ] as [JSONValue, string][])('shows %j as %j', (value, shown) => {
    expect(showText(value)).toBe(shown);
  });

  it('begins with defaults and what is required', () => {
    expect(firstValue(node('n'))).toBe(3);
    expect(firstValue(node('tags'))).toEqual(['']);
    expect(firstValue(node('pet'))).toEqual({ kind: 'cat' });
    expect(firstValue(node('opt'))).toBeNull();
    expect(firstValue(readForm(SCHEMA))).toMatchObject({ url: '', pet: { kind: 'cat' }, color: 'red' });
  });
});

describe('problems', () => {
  const GOOD = { url: 'http://x', pet: { kind: 'cat' } };
  const words = (value: JSONObject) =>
    schemaProblems(SCHEMA, value).map(({ path, message }) => `${path.join('.')} ${message}`);

  it('are none with what is right', () => {
    expect(
      words({
        ...GOOD,
        n: 10,
        when: null,
        uni: 3,
        d: { a: 1 },
        tup: [1, 'a'],
        tree: { value: 1, children: [{ value: 2 }] },
      }),
    ).toEqual([]);
  });

  it.each([
    [{ n: 'x' }, 'n must be a whole number'],
    [{ n: 11 }, 'n must be at most 10'],
    [{ n: -1 }, 'n must be at least 0'],
    [{ f: 0 }, 'f must be more than 0'],
    [{ f: 2 }, 'f must be less than 2'],
    [{ b: 1 }, 'b must be true or false'],
    [{ opt: 1 }, 'opt must be a text or null'],
    [{ uni: [] }, 'uni must be a whole number or a text or null'],
    [{ url: '' }, 'url must have at least 1 characters'],
    [{ url: 'ftp://x' }, 'url must match ^http'],
    [{ color: 'green' }, 'color must be one of "red", "blue"'],
    [{ one: 'y' }, 'one must be "x"'],
    [{ tags: [] }, 'tags must have at least 1 entries'],
    [{ tags: ['a', 2] }, 'tags.1 must be a text'],
    [{ uniq: [1, 1] }, 'uniq must not have an entry twice'],
    [{ tup: ['a', 'a'] }, 'tup.0 must be a whole number'],
    [{ d: { k: 'x' } }, 'd.k must be a whole number'],
    [{ pet: { kind: 'dog' } }, 'pet.name is required'],
    [{ pet: { kind: 'cat', lives: 'x' } }, 'pet.lives must be a whole number'],
    [{ tree: { value: 1, children: [{ value: 'x' }] } }, 'tree.children.0.value must be a whole number'],
    [{ cats: [{ lives: 1 }, { lives: 'x' }] }, 'cats.1.lives must be a whole number'],
  ] as [JSONObject, string][])('%j: %s', (value, expected) => {
    expect(words({ ...GOOD, ...value })).toContain(expected);
  });

  it('name what is missing', () => {
    expect(words({})).toEqual(expect.arrayContaining(['url is required', 'pet is required']));
  });

  it('name keys that may not be there', () => {
    const schema = { type: 'object', properties: { a: {} }, additionalProperties: false };
    expect(schemaProblems(schema, { a: 1, b: 2 })).toEqual([{ path: ['b'], message: 'is not a known field' }]);
  });

  it("leave out Python's patterns and formats, which the server does not check here", () => {
    const schema = {
      type: 'object',
      properties: { a: { type: 'string', pattern: '(?P<x>a)\\Z' }, b: { format: 'date' } },
    };
    expect(schemaProblems(schema, { a: 'x', b: 'no date' })).toEqual([]);
  });

  it('do not take a property that is called like a keyword for one', () => {
    const schema = { type: 'object', properties: { format: { type: 'integer' }, pattern: { type: 'string' } } };
    expect(schemaProblems(schema, { format: 'x', pattern: 'y' })).toEqual([
      { path: ['format'], message: 'must be a whole number' },
    ]);
  });

  it('do not change the schema', () => {
    const before = JSON.stringify(SCHEMA);
    words(GOOD);
    expect(JSON.stringify(SCHEMA)).toBe(before);
  });
});

describe('problems of inputs', () => {
  it('leave expressions alone, wherever they are in a value', () => {
    expect(inputProblems(SCHEMA, { n: '{{ params.n }}', tags: ['a', '{{ x }}', 3] }, true)).toEqual([]);
    expect(inputProblems(SCHEMA, { n: 'x' }, true)).toEqual([{ path: ['n'], message: 'must be a whole number' }]);
  });

  it('ask for what is missing only where no dependency can bring it', () => {
    expect(inputProblems(SCHEMA, { url: 'http://x' }, false)).toEqual([
      { path: ['pet'], message: 'is required and missing, and no dependency can bring it' },
    ]);
    expect(inputProblems(SCHEMA, {}, true)).toEqual([]);
  });

  it('are none without a schema', () => {
    expect(inputProblems({}, { a: 1 }, false)).toEqual([]);
  });
});
