import { describe, expect, it } from 'vitest';

import type { LogLine } from '../../src/core/live';
import { wrapAt } from '../../src/run/logs/cells';
import { draw } from '../../src/run/logs/drawn';
import { filterOf, matcher, NO_FILTER, queryOf } from '../../src/run/logs/filter';
import { findLinks } from '../../src/run/logs/links';
import { levelOf } from '../../src/run/logs/levels';
import { countRows, piecesOf, rowsOf, type Layout } from '../../src/run/logs/rows';

const OPEN: Layout = { room: null, folded: new Set() };
const lineOf = (message: string, more: Partial<LogLine> = {}): LogLine => ({ id: 1, task: 'a', attempt: 1, level: 20, logger: '', message, at: '2026-11-25T08:00:00Z', ...more });
const piecesIn = (message: string, q = '') => rowsOf(lineOf(message), OPEN).map((row) => piecesOf(row, q));

describe('links', () => {
  const hrefs = (text: string) => findLinks(text).map((link) => text.slice(link.from, link.to));

  it('are found without what stands around them', () => {
    expect(hrefs('see https://a.example/x, (http://b.example/y_(z)) and <https://c.example>.')).toEqual(['https://a.example/x', 'http://b.example/y_(z)', 'https://c.example']);
    expect(hrefs('"https://a.example/?q=1&r=[2]"! https://d.example:8080/#top;')).toEqual(['https://a.example/?q=1&r=[2]', 'https://d.example:8080/#top']);
  });

  it.each(['javascript:alert(1)', 'data:text/html,x', 'ftp://a.example', 'file:///etc/passwd', 'xhttps://a.example', 'https://', 'https://[', 'http://?', 'vbscript:x', '//a.example'])('%j is none', (text) => {
    expect(findLinks(text)).toEqual([]);
  });

  it('a link has the address that its text says', () => {
    for (const { href } of findLinks('https://a.example/"onclick="x http://b.example/<script> HTTPS://C.example/ü')) expect(new URL(href).protocol).toMatch(/^https?:$/);
    expect(findLinks('HTTPS://C.example/ü')[0]?.href).toBe('https://c.example/%C3%BC');
  });

  it('a text full of beginnings is read all the same', () => {
    expect(findLinks('https://'.repeat(2_000)).length).toBeLessThan(2);
    expect(findLinks(`https://a.example/${')'.repeat(16_000)}`)[0]?.to).toBe('https://a.example/'.length);
  });
});

describe('pieces of a row', () => {
  it('are cut where the look changes, a link begins and the search finds', () => {
    expect(piecesIn('go \x1b[31mto https://a.ex\x1b[0mample/ now', 'O')).toEqual([
      [
        { text: 'g', look: '', href: null, isMatch: false },
        { text: 'o', look: '', href: null, isMatch: true },
        { text: ' ', look: '', href: null, isMatch: false },
        { text: 't', look: 'ink-red', href: null, isMatch: false },
        { text: 'o', look: 'ink-red', href: null, isMatch: true },
        { text: ' ', look: 'ink-red', href: null, isMatch: false },
        { text: 'https://a.ex', look: 'ink-red', href: 'https://a.example/', isMatch: false },
        { text: 'ample/', look: '', href: 'https://a.example/', isMatch: false },
        { text: ' n', look: '', href: null, isMatch: false },
        { text: 'o', look: '', href: null, isMatch: true },
        { text: 'w', look: '', href: null, isMatch: false },
      ],
    ]);
  });

  it('are the whole text, however it is cut', () => {
    const message = `a\x1b[31m${'bc https://x.example/ '.repeat(9)}\x1b[0m日本語 end`;
    for (const room of [2, 7, 33, 1000]) {
      const rows = rowsOf(lineOf(message), { room, folded: new Set() });
      const text = rows.flatMap((row) => piecesOf(row, 'b').map((piece) => piece.text)).join('');
      expect(text).toBe(`a${'bc https://x.example/ '.repeat(9)}日本語 end`);
      expect(countRows(lineOf(message), { room, folded: new Set() })).toBe(rows.length);
    }
  });
});

describe('rows', () => {
  it('one for each line of a message, or the first alone', () => {
    const line = lineOf('first\nsecond\nthird', { id: 9 });
    expect(rowsOf(line, OPEN)).toHaveLength(3);
    const folded: Layout = { room: null, folded: new Set([9]) };
    expect([rowsOf(line, folded).length, countRows(line, folded)]).toEqual([1, 1]);
    const { rows } = draw([{ line, row: 10, count: 1 }], 0, 99, folded);
    expect(rows.map(({ hidden, isFoldable, key }) => ({ hidden, isFoldable, key }))).toEqual([{ hidden: 2, isFoldable: true, key: '9:0' }]);
  });

  it('only those in sight are drawn', () => {
    const line = lineOf(Array.from({ length: 50 }, (_, n) => `row ${n}`).join('\n'));
    const { first, rows } = draw([{ line, row: 100, count: 50 }], 120, 123, OPEN);
    expect(first).toBe(120);
    expect(rows.map(({ row }) => row.text.text)).toEqual(['row 20', 'row 21', 'row 22']);
  });

  it('wide letters take two places, and marks on them none', () => {
    expect(wrapAt('日本語', 4)).toEqual([2, 3]);
    expect(wrapAt('e\u0301e\u0301e\u0301', 2)).toEqual([4, 6]);
    expect(wrapAt('', 10)).toEqual([0]);
    expect(wrapAt('abcdef', 3)).toEqual([3, 6]);
  });

  it('end behind a word where one ends late enough', () => {
    const rows = (text: string, room: number) => wrapAt(text, room).map((end, index, ends) => text.slice(ends[index - 1] ?? 0, end));
    expect(rows('the quick brown fox jumps', 10)).toEqual(['the quick ', 'brown fox ', 'jumps']);
    expect(rows('a bbbbbbbbbbbbbbbbbb', 10)).toEqual(['a bbbbbbbb', 'bbbbbbbbbb']);
    expect(rows('größer als jemals zuvor', 10)).toEqual(['größer als ', 'jemals ', 'zuvor']);
    for (const text of ['x y '.repeat(60), 'wörter und '.repeat(30), '日本 '.repeat(40)]) {
      for (const room of [2, 5, 20, 77]) {
        const all = rows(text, room);
        expect(all.join('')).toBe(text);
        expect(all.every((row) => row.length > 0 && row.trimEnd().length <= room)).toBe(true);
      }
    }
  });
});

describe('filters', () => {
  it('say the same in an address', () => {
    const filter = { task: 'a b', attempt: 2, level: 'error', q: '100 %' } as const;
    expect(filterOf(new URLSearchParams(queryOf(filter)))).toEqual(filter);
    expect(filterOf(new URLSearchParams('attempt=-1&level=loud'))).toEqual(NO_FILTER);
    expect(queryOf(NO_FILTER)).toEqual({});
  });

  it('let live lines through as the server does', () => {
    const line = lineOf('Slow ANSWER', { task: 't', attempt: 2, level: 35 });
    const through = (part: object) => matcher({ ...NO_FILTER, ...part })(line);
    expect([through({}), through({ level: 'warning' }), through({ q: 'answer' }), through({ task: 't', attempt: 2 })]).toEqual([true, true, true, true]);
    expect([through({ level: 'error' }), through({ q: '%' }), through({ task: 'u' }), through({ attempt: 1 })]).toEqual([false, false, false, false]);
    expect(matcher(NO_FILTER)({ ...line, level: 5 })).toBe(true);
  });

  it('a number between two levels belongs to the lower one', () => {
    expect([0, 10, 25, 30, 49, 50, 99].map(levelOf)).toEqual(['debug', 'debug', 'info', 'warning', 'error', 'critical', 'critical']);
  });
});
