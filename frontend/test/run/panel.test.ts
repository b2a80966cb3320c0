import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { TaskFacts } from '../../src/core/run-state';
import { Asking } from '../../src/run/panel/asking';
import { TaskNames } from '../../src/run/panel/naming';
import { inputsOf, type Giver } from '../../src/run/panel/provenance';
import { cellText, MOST_COLUMNS, tableOf } from '../../src/run/panel/tables';
import { sizeInWords } from '../../src/run/panel/words';

const origins = (...given: Parameters<typeof inputsOf>) => Object.fromEntries(inputsOf(...given).map(({ key, origin }) => [key, origin]));

describe('where inputs came from', () => {
  it('own values, expressions, and what a hook changed', () => {
    const own = { table: 'orders', rows: '{{ tasks.fetch.result.rows }}', deep: { day: ['{{ params.day }}'] }, limit: 5 };
    const resolved = { table: 'orders', rows: [1], deep: { day: ['monday'] }, limit: 6 };
    expect(origins(own, resolved, [])).toEqual({
      table: { kind: 'own' },
      rows: { kind: 'expression', tasks: ['fetch'] },
      deep: { kind: 'expression', tasks: [] },
      limit: { kind: 'hook' },
    });
  });

  it('before the start there is only what is defined', () => {
    const [input] = inputsOf({ a: 1 }, null, []);
    expect(input).toEqual({ key: 'a', defined: 1, resolved: undefined, origin: { kind: 'own' } });
    expect(origins({ a: 1 }, {}, [])).toEqual({ a: { kind: 'missing' } });
  });

  const givers: Giver[] = [
    { id: 'a', result: { rows: 1, day: 2 } },
    { id: 'b', result: { status: 'completed', result: { rows: 3 } } },
    { id: 'c', result: [1, 2] },
  ];

  it('of dependencies the later one wins, out of its envelope', () => {
    expect(origins({}, { rows: 3, day: 2, c: [1, 2], status: 'x' }, givers)).toEqual({
      rows: { kind: 'dependency', from: ['b'] },
      day: { kind: 'dependency', from: ['a'] },
      c: { kind: 'dependency', from: ['c'] },
      status: { kind: 'unknown' },
    });
  });

  it('what is not known is not claimed', () => {
    expect(origins({}, { rows: 3 }, [{ id: 'a', result: { rows: 3 } }, { id: 'b', result: undefined }])).toEqual({ rows: { kind: 'dependency', from: ['a', 'b'] } });
    expect(origins({}, { rows: 3 }, [{ id: 'b', result: undefined }, { id: 'a', result: { rows: 3 } }])).toEqual({ rows: { kind: 'dependency', from: ['a'] } });
    expect(origins({}, { rows: 3 }, [{ id: 'only', result: undefined }])).toEqual({ rows: { kind: 'dependency', from: ['only'] } });
  });

  it('keys of objects that every object has are keys like others', () => {
    expect(origins(JSON.parse('{"constructor": 1}'), JSON.parse('{"constructor": 1, "__proto__": 2}'), [])).toEqual(
      JSON.parse('{"constructor": {"kind": "own"}, "__proto__": {"kind": "unknown"}}'),
    );
  });
});

describe('tables', () => {
  it('are lists of objects, alone or as the only one in an object', () => {
    expect(tableOf([{ a: 1 }, { b: 2 }])).toMatchObject({ path: [], columns: ['a', 'b'] });
    expect(tableOf({ rows: [{ a: 1 }], day: 'x' })).toMatchObject({ path: ['rows'], columns: ['a'] });
  });

  it.each([[[]], [[1]], [[{}]], [[{ a: 1 }, 2]], [[[{ a: 1 }]]], ['text'], [null], [{ a: [{ b: 1 }], c: [{ d: 1 }] }]])('%j is none', (value) => {
    expect(tableOf(value as never)).toBeNull();
  });

  it('have so many columns at most', () => {
    const row = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`c${n}`, n]));
    expect(tableOf([row])).toMatchObject({ more: 50 - MOST_COLUMNS });
    expect(tableOf([row])?.columns).toHaveLength(MOST_COLUMNS);
  });

  it('cells are text', () => {
    expect([cellText('<b>'), cellText({ a: null }), cellText(undefined), cellText('x'.repeat(9), 5)]).toEqual(['<b>', '{"a":null}', '', 'xxxxx…']);
  });
});

describe('asking again', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is done at once, and then not more often than it is good for', () => {
    let count = 0;
    const asking = new Asking(1_000, () => (count += 1));
    asking.ask();
    expect(count).toBe(1);
    for (let n = 0; n < 50; n += 1) asking.ask();
    expect(count).toBe(1);
    vi.advanceTimersByTime(1_000);
    expect(count).toBe(2);
    asking.ask();
    asking.stop();
    vi.advanceTimersByTime(9_000);
    expect(count).toBe(2);
  });
});

describe('names in expressions', () => {
  const tasks = new Map([['1', 'Fetch'], ['2', 'Twice'], ['3', 'Twice'], ['4', '1']].map(([id, name]) => [id!, { id, name } as TaskFacts]));

  it('the name where it is one, else the id, else none', () => {
    const names = new TaskNames(tasks);
    expect([names.nameOf('1'), names.nameOf('2'), names.nameOf('9')]).toEqual(['Fetch', '2', null]);
    expect([names.resolve('Fetch'), names.resolve('Twice'), names.resolve('3'), names.resolve('1')]).toEqual(['1', null, '3', '4']);
  });
});

it('sizes are said in words', () => {
  expect([sizeInWords(900), sizeInWords(65_536), sizeInWords(3_400_000)]).toEqual(['900 B', '64.0 KiB', '3.2 MiB']);
});
