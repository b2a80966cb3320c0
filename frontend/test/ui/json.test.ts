import { describe, expect, it } from 'vitest';

import { toPath } from '../../src/ui/json/paths';
import { marked } from '../../src/ui/json/problems';
import { CHUNK, keyOfPath, openTo, rowsOf, type JSONRow } from '../../src/ui/json/rows';

const VALUE = { rows: Array.from({ length: 450 }, (_, index) => index), next: null, empty: {} };
const open = (...paths: (string | number)[][]): ReadonlySet<string> => new Set(paths.map(keyOfPath));
const written = (row: JSONRow): string => `${row.level} ${row.kind === 'more' ? `+${row.total - row.shown}` : JSON.stringify(row.path)}`;

describe('rows of a value', () => {
  it('only what is open is looked at', () => {
    expect(rowsOf(VALUE, { open: open(), limits: new Map() }).map(written)).toEqual(['1 []']);
    const rows = rowsOf(VALUE, { open: open([]), limits: new Map() });
    expect(rows.map(written)).toEqual(['1 []', '2 ["rows"]', '2 ["next"]', '2 ["empty"]']);
    expect(rows.map((row) => row.isExpanded)).toEqual([true, false, null, null]);
  });

  it('a long list comes bit by bit', () => {
    const opened = open([], ['rows']);
    const rows = rowsOf(VALUE, { open: opened, limits: new Map() });
    expect(rows).toHaveLength(CHUNK + 5);
    expect(written(rows[CHUNK + 2]!)).toBe('3 +250');
    const all = rowsOf(VALUE, { open: opened, limits: new Map([[keyOfPath(['rows']), 600]]) });
    expect(all).toHaveLength(450 + 4);
  });

  it('opens some levels at first, but no long list', () => {
    expect(openTo(VALUE, 2)).toEqual([keyOfPath([])]);
    expect(openTo({ a: { b: { c: 1 } } }, 2)).toEqual([[], ['a']].map((path) => JSON.stringify(path)));
  });
});

describe('paths as the server writes them', () => {
  it.each([
    ['$', []],
    ['$.tasks[3].priority', ['tasks', 3, 'priority']],
    ['$.inputs["a b"].x["q\\"uote"]', ['inputs', 'a b', 'x', 'q"uote']],
    ['$["0"][0]', ['0', 0]],
  ])('%s', (path, steps) => {
    expect(toPath(path)).toEqual(steps);
  });

  it('is read as far as it can be', () => {
    expect(toPath('$.tasks[x].y')).toEqual(['tasks']);
  });
});

describe('marks in a text', () => {
  it('say where it is no JSON, and then nothing of its values', () => {
    const [mark, ...others] = marked('{\n  "a": 1,\n}', [{ path: ['a'], message: 'too small' }]);
    expect(others).toEqual([]);
    expect(mark).toMatchObject({ kind: 'syntax' });
    expect(mark!.message).toMatch(/^Line 3, column 1: /);
  });

  it('stand on the value', () => {
    const text = '{"rows": [{"n": 12}]}';
    const [mark] = marked(text, [{ path: '$.rows[0].n', message: 'too much' }]);
    expect(text.slice(mark!.from, mark!.to)).toBe('12');
  });

  it('stand on what is around a value that is missing', () => {
    const text = '{"rows": [{"n": 12}]}';
    const [mark] = marked(text, [{ path: ['rows', 0, 'name'], message: 'is required' }]);
    expect([mark!.from, mark!.to]).toEqual([10, 11]);
  });
});
