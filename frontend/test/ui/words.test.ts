import { describe, expect, it } from 'vitest';

import { priorityOfKey } from '../../src/ui/basics/priority';
import { keepSize, limited, readSize, sizeByKey } from '../../src/ui/layout/sizes';
import { Announcer } from '../../src/ui/overlays/announce.svelte';
import { itemByKey } from '../../src/ui/overlays/menu.svelte';
import { place } from '../../src/ui/overlays/place';
import { ALL_TEXTS, text } from '../../src/ui/texts';
import { durationInWords, growingInWords, isoDuration } from '../../src/ui/words/durations';
import { agoInWords, exactly, toTime } from '../../src/ui/words/moments';

describe('durations', () => {
  it.each([
    [340, '340 ms'],
    [999.4, '999 ms'],
    [4230, '4.2 s'],
    [59_960, '1 m 00 s'],
    [65_000, '1 m 05 s'],
    [7_380_000, '2 h 03 m'],
    [273_600_000, '3 d 4 h'],
    [-5, '0 ms'],
  ])('%d ms are %s', (milliseconds, words) => {
    expect(durationInWords(milliseconds)).toBe(words);
  });

  it('what still grows is told by whole seconds', () => {
    expect([growingInWords(900), growingInWords(4999), growingInWords(65_900)]).toEqual(['0 s', '4 s', '1 m 05 s']);
    expect(isoDuration(65_200)).toBe('PT65.2S');
  });
});

describe('moments', () => {
  it('how long ago, and in how long', () => {
    const now = Date.parse('2026-03-01T12:00:00Z');
    expect(agoInWords(now - 400, now)).toBe('just now');
    expect(agoInWords(now - 185_000, now)).toMatch(/3 min/);
    expect(agoInWords(now + 2 * 86_400_000, now)).toMatch(/2 days/);
  });

  it('the exact time has UTC in it', () => {
    expect(exactly(Date.parse('2026-03-01T12:00:05Z'))).toContain('2026-03-01 12:00:05 UTC');
    expect([toTime('nothing'), toTime(null), toTime(5)]).toEqual([null, null, 5]);
  });
});

describe('announcements', () => {
  function quiet() {
    const due: (() => void)[] = [];
    return { announcer: new Announcer({ setTimeout: (act) => due.push(act) }), pass: () => due.shift()?.() };
  }

  it('the first is said at once, the next ones together', () => {
    const { announcer, pass } = quiet();
    announcer.announce('one');
    announcer.announce('two');
    announcer.announce('three');
    expect(announcer.said.trim()).toBe('one');
    pass();
    expect(announcer.said.trim()).toBe('two. three');
  });

  it('of one kind only the newest is said', () => {
    const { announcer, pass } = quiet();
    announcer.announce('begin');
    announcer.announce('3 results', 'search');
    announcer.announce('2 results', 'search');
    pass();
    expect(announcer.said.trim()).toBe('2 results');
  });

  it('the same text again is a change', () => {
    const { announcer, pass } = quiet();
    announcer.announce('saved');
    const first = announcer.said;
    pass();
    announcer.announce('saved');
    expect(announcer.said).not.toBe(first);
    expect(announcer.said.trim()).toBe('saved');
  });
});

describe('menus', () => {
  const labels = ['Rename', 'Duplicate', 'Delete'];

  it.each([
    ['ArrowDown', 2, 0],
    ['ArrowUp', 0, 2],
    ['End', 0, 2],
    ['d', 0, 1],
    ['D', 1, 2],
    ['d', 2, 1],
    ['x', 0, null],
    ['Enter', 0, null],
  ])('%s from %d goes to %s', (key, now, to) => {
    expect(itemByKey(key, now, labels)).toBe(to);
  });
});

describe('places', () => {
  const box = { width: 200, height: 100 };
  const window = { width: 1000, height: 600 };

  it('below, or above where there is no room, and never outside', () => {
    expect(place({ x: 50, y: 50, width: 80, height: 20 }, box, window, 4)).toEqual({ x: 50, y: 74 });
    expect(place({ x: 50, y: 560, width: 80, height: 20 }, box, window, 4)).toEqual({ x: 50, y: 456 });
    expect(place({ x: 990, y: 10, width: 0, height: 0 }, box, window)).toEqual({ x: 792, y: 10 });
    expect(place({ x: 0, y: 0, width: 0, height: 0 }, { width: 2000, height: 50 }, window).x).toBe(8);
  });
});

describe('panes', () => {
  const limits = { min: 100, max: 500 };

  it('the border moves the way the arrow points', () => {
    expect(sizeByKey('ArrowRight', false, 200, 'left', limits)).toBe(216);
    expect(sizeByKey('ArrowRight', false, 200, 'right', limits)).toBe(184);
    expect(sizeByKey('ArrowUp', true, 200, 'bottom', limits)).toBe(264);
    expect(sizeByKey('ArrowLeft', true, 120, 'left', limits)).toBe(100);
    expect(sizeByKey('ArrowUp', false, 200, 'left', limits)).toBeNull();
    expect([sizeByKey('Home', false, 200, 'top', limits), sizeByKey('End', false, 200, 'top', limits)]).toEqual([100, 500]);
    expect(limited(50, { min: 100, max: 80 })).toBe(100);
  });

  it('a size is kept, and nonsense is not read', () => {
    const kept = new Map<string, string>();
    const store = () => ({ getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value) });
    keepSize('x', { size: 320, isFolded: true }, store);
    expect(readSize('x', 200, store)).toEqual({ size: 320, isFolded: true });
    kept.set('pane:y', '{"size": "wide"}');
    expect(readSize('y', 200, store)).toEqual({ size: 200, isFolded: false });
  });
});

describe('priorities by keys', () => {
  it('digits choose, arrows go round, other keys mean nothing', () => {
    expect([priorityOfKey('0', 2), priorityOfKey('ArrowRight', 3), priorityOfKey('ArrowUp', 0), priorityOfKey('4', 2)]).toEqual([0, 0, 3, null]);
    expect([priorityOfKey('ArrowDown', null), priorityOfKey('ArrowUp', null)]).toEqual([0, 3]);
  });
});

describe('texts', () => {
  it('take their values', () => {
    expect(text('outline.moved', { what: 'A', position: 1, count: 2, parent: 'B' })).toBe('Moved A to position 1 of 2 in B');
  });

  it('none is empty', () => {
    expect(Object.entries(ALL_TEXTS).filter(([, said]) => said.trim() === '')).toEqual([]);
  });
});
