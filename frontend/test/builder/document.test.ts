import { describe, expect, it } from 'vitest';
import { documentJSON, documentText, openDocument, parseDocument, type Opened } from '../../src/builder/model/document';
import { canonicalJSON, getAt, pathText, sameJSON, setAt, withKey, type JSONValue } from '../../src/builder/model/json';
import { isProblem, locate, readJSON } from '../../src/builder/model/json-text';
import { chances } from '../run-model';
import { counter, randomDocument, SEEDS } from './worlds';

function opened(value: JSONValue): Opened {
  const result = openDocument(value, 'Untitled', counter('new'));
  if ('refusal' in result) throw new Error(result.refusal);
  return result;
}

const HEAD = { format: 'apflow-tree', version: 1 };

describe('a document', () => {
  it.each(SEEDS.slice(0, 10))('is written as it was read (seed %i)', (seed) => {
    const source = documentText(randomDocument(chances(seed), 15));
    const result = parseDocument(source, '');
    expect('document' in result && documentText(result.document)).toBe(source);
  });

  it('keeps what is not known here', () => {
    const value = {
      ...HEAD,
      tree: { name: 'T', colour: 'red' },
      tasks: [{ id: 'a', name: 'A', x: { y: 1 } }],
      later: [1],
    };
    expect(documentJSON(opened(value).document)).toEqual(value);
  });

  it.each([
    ['a number', 3, 'This is neither a tree document nor a list of tasks'],
    ['another format', { format: 'x' }, '"format" must be "apflow-tree"'],
    ['another version', { ...HEAD, version: 2 }, '"version" must be 1'],
    ['no tasks', HEAD, '"tasks" must be a list'],
    ['a task that is a text', { ...HEAD, tasks: ['a'] }, 'Entry 0 of the tasks is no object'],
  ] as [string, JSONValue, string][])('refuses %s', (_, value, refusal) => {
    expect(openDocument(value, 'T')).toEqual({ refusal });
  });

  it('gives ids to tasks without one, and another id to the second of two', () => {
    const { document, notices } = opened([{ name: 'A' }, { id: 'x', name: 'B' }, { id: 'x', name: 'C' }]);
    expect(document.tasks.map((task) => task.id)).toEqual(['new1', 'x', 'new2']);
    expect(notices).toEqual(['C has a new id: "x" is empty or belongs to another task']);
  });

  it("reads apflow's plain array: names for ids, other columns left out", () => {
    const { document } = opened([
      { id: '1', name: 'fetch', status: 'completed', user_id: 'u' },
      {
        id: '2',
        name: 'save',
        dependencies: ['fetch', { id: '1', type: 'result', required: false }],
        parent_id: 'fetch',
        own: 1,
      },
    ]);
    expect(document.tree.name).toBe('Untitled');
    expect(document.tasks).toEqual([
      { id: '1', name: 'fetch' },
      {
        id: '2',
        name: 'save',
        dependencies: [
          { id: '1', required: true },
          { id: '1', required: false },
        ],
        parent_id: '1',
        own: 1,
      },
    ]);
  });

  it('does not take a shared name for an id', () => {
    const { document } = opened([
      { id: '1', name: 'a' },
      { id: '2', name: 'a' },
      { id: '3', name: 'c', dependencies: ['a'] },
    ]);
    expect(document.tasks[2]!.dependencies).toEqual([{ id: 'a', required: true }]);
  });

  it('warns of numbers that a browser would round', () => {
    const result = parseDocument('[{"name": "a", "inputs": {"n": 12345678901234567890}}]', 'T');
    expect('notices' in result && result.notices).toEqual([
      'The number 12345678901234567890 is too long for a browser and would be rounded when this is saved',
    ]);
  });
});

describe('JSON text', () => {
  it.each([
    ['{"a": 1,}', 1, 9, 'A key in double quotes belongs here'],
    ['{"a": 1\n "b": 2}', 2, 2, 'A comma or } belongs here'],
    ['{"a" 1}', 1, 6, 'A colon belongs here'],
    ['[1, 2', 1, 6, 'A comma or ] belongs here'],
    ['[1, ]', 1, 5, 'A value belongs here'],
    ['', 1, 1, 'The document ends too early'],
    ['{} {}', 1, 4, 'Something follows the end of the document'],
    ['{"a": 1, "a": 2}', 1, 10, 'The key "a" stands twice in one object'],
    ['"a\nb"', 1, 1, 'This text has no end, or holds a character that must be escaped'],
    ['"\\u0000"', 1, 1, 'This text holds the character U+0000, which cannot be stored'],
    ['"\\ud800"', 1, 1, 'This text holds half of a surrogate pair, which is not valid Unicode'],
    ['[1e999]', 1, 2, 'This number is too large'],
    ['NaN', 1, 1, 'A value belongs here'],
    ['[01]', 1, 3, 'A comma or ] belongs here'],
  ])('%j is wrong at %i:%i', (source, line, column, message) => {
    expect(readJSON(source)).toMatchObject({ line, column, message });
  });

  it('allows 100 levels, as the server does', () => {
    expect(isProblem(readJSON('['.repeat(101) + ']'.repeat(101)))).toBe(false);
    expect(isProblem(readJSON('['.repeat(102) + ']'.repeat(102)))).toBe(true);
  });

  it.each(SEEDS.slice(0, 5))('is read as the browser reads it (seed %i)', (seed) => {
    const source = documentText(randomDocument(chances(seed), 10));
    expect(readJSON(source)).toEqual({ value: JSON.parse(source), inexact: [] });
  });

  it('reads a key that JavaScript has another use for', () => {
    const read = readJSON('{"__proto__": {"a": 1}}');
    expect(!isProblem(read) && JSON.stringify(read.value)).toBe('{"__proto__":{"a":1}}');
  });

  it('finds the place of a value', () => {
    const source = '{"tasks": [{"name": "a"}, {"name": "b", "n": [1, 22]}]}';
    const at = locate(source, ['tasks', 1, 'n', 1])!;
    expect(source.slice(at.from, at.to)).toBe('22');
    expect(locate(source, ['tasks', 7])).toBeNull();
  });
});

describe('JSON values', () => {
  it('are the same in any order of keys', () => {
    expect(sameJSON({ a: [1, { b: null }], c: 2 }, { c: 2, a: [1, { b: null }] })).toBe(true);
    expect(sameJSON({ a: 1 }, { b: 1 })).toBe(false);
    expect(sameJSON([1, 2], [2, 1])).toBe(false);
    expect(canonicalJSON({ b: [1], a: { d: 'x', c: null } })).toBe('{"a":{"c":null,"d":"x"},"b":[1]}');
  });

  it('are changed at a path, and nothing else is', () => {
    const value = { a: { b: [1, 2] }, c: 3 };
    const after = setAt(value, ['a', 'b', 1], 9) as typeof value;
    expect(after).toEqual({ a: { b: [1, 9] }, c: 3 });
    expect(value).toEqual({ a: { b: [1, 2] }, c: 3 });
    expect(setAt(value, ['a', 'b', 0], undefined)).toEqual({ a: { b: [2] }, c: 3 });
    expect(setAt(value, ['a'], undefined)).toEqual({ c: 3 });
    expect(setAt(undefined, ['x', 'y', 1], 'z')).toEqual({ x: { y: [null, 'z'] } });
    expect(getAt(value, ['a', 'b', 1])).toBe(2);
    expect(getAt(value, ['a', 'toString'])).toBeUndefined();
  });

  it('may have a key named __proto__', () => {
    expect(JSON.stringify(withKey({ a: 1 }, '__proto__', 2))).toBe('{"a":1,"__proto__":2}');
  });

  it('have paths that read as those of the server', () => {
    expect(pathText(['tasks', 3, 'inputs', 'a b', 'c_1'])).toBe('$.tasks[3].inputs["a b"].c_1');
  });
});
