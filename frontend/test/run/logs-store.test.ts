import { describe, expect, it } from 'vitest';

import type { LogLine, LogSelection } from '../../src/core/live';
import { KEPT } from '../../src/run/logs/document';
import { LogFeed } from '../../src/run/logs/feed';
import { NO_FILTER, type LogFilter } from '../../src/run/logs/filter';
import { storedLogs, type Ask, type LogSource } from '../../src/run/logs/source';
import { LogStore } from '../../src/run/logs/store';
import { PAGE } from '../../src/run/logs/stretches';
import { LogWindow, ROW_HEIGHT } from '../../src/run/logs/window.svelte';

const idOf = (n: number): number => 900_000 + 3 * n + ((n * 31) % 3);
const lineOf = (n: number, message = `line ${n}`): LogLine => ({ id: idOf(n), task: `t${n % 2}`, attempt: 1, level: n % 10 === 0 ? 40 : 20, logger: '', message, at: '2026-11-25T08:00:00Z' });
const numberOf = (line: LogLine): number => Number(line.message.split(' ')[1]);

/** A long log that is made as it is read, and what was asked of it. */
function longLog(count: number): { source: LogSource; asked: Ask[] } {
  const asked: Ask[] = [];
  const first = (id: number): number => {
    let n = Math.max(Math.floor((id - 900_000) / 3) - 1, 0);
    while (idOf(n) <= id) n += 1;
    return n;
  };
  const source: LogSource = {
    async read(ask) {
      asked.push(ask);
      const [from, to] = [first(ask.after), ask.before === null ? count : Math.min(count, first(ask.before - 1))];
      const length = Math.min(Math.max(to - from, 0), ask.limit);
      return Array.from({ length }, (_, index) => lineOf((ask.from === 'end' ? to - length : from) + index));
    },
  };
  return { source, asked };
}

async function open(source: LogSource, { feed = null, filter = NO_FILTER }: { feed?: LogFeed | null; filter?: LogFilter } = {}): Promise<LogStore> {
  const store = new LogStore({ source, feed, filter, countRows: () => 1, around: (change) => change() });
  await store.start();
  return store;
}

/** Everything that was begun and waits for nothing but promises is done. */
const settled = () => new Promise((resolve) => setTimeout(resolve));
const seen = (store: LogStore, from: number, to: number): number[] => store.document.linesIn(from, to).map(({ line }) => numberOf(line));

describe('a long log', () => {
  it('opens with its end and its beginning, and knows about how long it is', async () => {
    const { source, asked } = longLog(1_000_000);
    const { document } = await open(source);
    expect(asked).toHaveLength(2);
    expect(Math.abs(document.rows - 1_000_000)).toBeLessThan(2_000);
    expect(document.lineOf(idOf(999_999))).toBeDefined();
    expect(document.lineOf(idOf(0))).toBeDefined();
    expect(document.kept).toBe(2 * PAGE);
  });

  it('any place in it is had by one or two requests', async () => {
    const { source, asked } = longLog(1_000_000);
    const store = await open(source);
    for (const place of [500_000, 123_456, 998_500, 1_100]) {
      const before = asked.length;
      await store.want(place, place + 40);
      expect(store.document.missing(place, place + 40)).toBeNull();
      expect(asked.length - before).toBeLessThanOrEqual(3);
      const numbers = seen(store, place, place + 40);
      expect(numbers).toEqual(numbers.map((_, index) => numbers[0]! + index));
      expect(Math.abs(numbers[0]! - place)).toBeLessThan(3_000);
    }
  });

  it('read to its end, every line is there once', async () => {
    const store = await open(longLog(23_456).source);
    const numbers: number[] = [];
    for (let row = 0; row < store.document.rows; row += 500) {
      await store.want(row, row + 500);
      numbers.push(...seen(store, row, row + 500));
    }
    expect(store.document.isCounted).toBe(true);
    expect(store.document.rows).toBe(23_456);
    expect([...new Set(numbers)].sort((a, b) => a - b)).toEqual(Array.from({ length: 23_456 }, (_, n) => n));
  });

  it('few lines are kept at hand, and those let go come back to the same place', async () => {
    const store = await open(longLog(200_000).source);
    for (let row = 0; row < 120_000; row += 900) await store.want(row, row + 40);
    expect(store.document.kept).toBeLessThanOrEqual(KEPT + PAGE);
    const before = store.document.rows;
    await store.want(5_000, 5_040);
    expect(store.document.rows).toBe(before);
    expect(seen(store, 5_000, 5_003)).toEqual([5_000, 5_001, 5_002]);
  });

  it('a short one is had at once, and an empty one is empty', async () => {
    const { source, asked } = longLog(12);
    const store = await open(source);
    expect([store.document.rows, store.document.isCounted, asked.length]).toEqual([12, true, 1]);
    const none = await open(longLog(0).source);
    expect([none.document.rows, none.document.missing(0, 50), none.isReady]).toEqual([0, null, true]);
  });

  it('of exactly one page, nothing is asked for twice', async () => {
    const store = await open(longLog(PAGE).source);
    await store.want(0, PAGE);
    expect([store.document.rows, store.document.isCounted]).toEqual([PAGE, true]);
  });

  it('through a filter there are fewer lines than ids', async () => {
    const lines = Array.from({ length: 30_000 }, (_, n) => lineOf(n));
    const store = await open(storedLogs(lines), { filter: { ...NO_FILTER, level: 'error' } });
    for (let row = 0; row < store.document.rows; row += 300) await store.want(row, row + 300);
    expect(store.document.rows).toBe(3_000);
  });

  it('an error is told, and trying again goes on', async () => {
    const { source } = longLog(50_000);
    let isAway = true;
    const shaky: LogSource = { read: (...given) => (isAway ? Promise.reject(new Error('away')) : source.read(...given)) };
    const store = await open(shaky);
    expect([store.isReady, (store.error as Error).message]).toEqual([false, 'away']);
    isAway = false;
    store.retry();
    await settled();
    expect([store.isReady, store.error]).toEqual([true, null]);
  });
});

describe('live lines', () => {
  it('follow what was read, without a hole and without one twice', async () => {
    const feed = new LogFeed();
    const asked: LogSelection[] = [];
    feed.attach({ setLogs: (selection) => asked.push(selection) });
    const store = await open(longLog(5_000).source, { feed });
    expect(asked.at(-1)).toEqual({ on: true, task: null, after: idOf(4_999) });
    feed.deliver([lineOf(4_998), lineOf(4_999), lineOf(5_000)]);
    feed.deliver([lineOf(5_000), lineOf(5_001)]);
    expect(seen(store, store.document.rows - 3, store.document.rows)).toEqual([4_999, 5_000, 5_001]);
    store.stop();
    expect(asked.at(-1)).toEqual({ on: false });
  });

  it('memory stays bounded however many come', async () => {
    const feed = new LogFeed();
    const store = await open(longLog(0).source, { feed });
    for (let n = 0; n < 100_000; n += 500) {
      feed.deliver(Array.from({ length: 500 }, (_, index) => lineOf(n + index)));
      await store.want(store.document.rows - 40, store.document.rows);
    }
    expect(store.document.rows).toBe(100_000);
    expect(store.document.kept).toBeLessThanOrEqual(KEPT + PAGE);
  });

  it('those that the filter leaves out are not shown, and are not asked for again', async () => {
    const feed = new LogFeed();
    const store = await open(storedLogs([]), { feed, filter: { ...NO_FILTER, level: 'error', task: 't0' } });
    feed.deliver(Array.from({ length: 40 }, (_, n) => lineOf(n)));
    expect(seen(store, 0, 99)).toEqual([0, 10, 20, 30]);
    expect(store.document.end).toBe(idOf(38));
  });

  it('several views share one watch', () => {
    const feed = new LogFeed();
    const asked: LogSelection[] = [];
    const got: number[][] = [[], []];
    feed.attach({ setLogs: (selection) => asked.push(selection) });
    const leave = feed.listen('t0', 5, (lines) => got[0]!.push(...lines.map((line) => line.id)));
    expect(asked.at(-1)).toEqual({ on: true, task: 't0', after: 5 });
    feed.listen(null, 900_010, (lines) => got[1]!.push(...lines.map((line) => line.id)));
    expect(asked.at(-1)).toEqual({ on: true, task: null, after: 5 });
    feed.deliver([lineOf(0), lineOf(1), lineOf(2), lineOf(5)]);
    expect(got).toEqual([[idOf(0), idOf(2)], [idOf(5)]]);
    leave();
    expect(asked.at(-1)).toEqual({ on: true, task: null, after: idOf(5) });
  });
});

describe('what is seen', () => {
  const topLine = (view: LogWindow): number => {
    const { lines } = view.shown;
    return numberOf(lines.find(({ row, count }) => (row + count) * ROW_HEIGHT > view.map.top)!.line);
  };
  async function look(count: number, { feed = null as LogFeed | null, line = null as number | null, source = longLog(count).source } = {}): Promise<LogWindow> {
    const view = new LogWindow();
    view.resize(400);
    view.open({ source, feed, filter: NO_FILTER }, line);
    await settled();
    view.map.settle();
    return view;
  }

  it('follows the end, until one scrolls up', async () => {
    const feed = new LogFeed();
    const view = await look(5_000, { feed });
    expect(topLine(view)).toBe(4_980);
    feed.deliver([lineOf(5_000)]);
    expect([topLine(view), view.isFollowing]).toEqual([4_981, true]);
    view.scroll(view.map.settle() - 2_000, false);
    expect(view.isFollowing).toBe(false);
    const before = topLine(view);
    feed.deliver([lineOf(5_001), lineOf(5_002)]);
    expect([topLine(view), view.missed]).toEqual([before, 2]);
    view.follow();
    expect([topLine(view), view.missed, view.isFollowing]).toEqual([4_983, 0, true]);
  });

  it('stays at its line while guesses above it are put right', async () => {
    const view = await look(100_000);
    view.scroll(view.map.settle() - 30_000, false);
    await settled();
    const before = topLine(view);
    view.scroll(view.map.settle() - 100, false);
    await settled();
    expect(before - topLine(view)).toBe(5);
    view.fold(idOf(3), true);
    expect(before - topLine(view)).toBe(5);
  });

  it('a line that is named is in the middle, and the end is not followed', async () => {
    const view = await look(300_000, { line: idOf(123_456) });
    await settled();
    expect([view.isFollowing, view.isGone]).toEqual([false, false]);
    expect(topLine(view)).toBeGreaterThan(123_456 - 12);
    expect(topLine(view)).toBeLessThan(123_456);
    expect((await look(3_000, { line: idOf(100) + 1 })).isGone).toBe(true);
  });

  it('wrapping keeps the line that is seen', async () => {
    const lines = Array.from({ length: 800 }, (_, n) => lineOf(n, `line ${n} ${'x'.repeat((n * 37) % 300)}`));
    const view = await look(0, { source: storedLogs(lines) });
    view.scroll(4_000, false);
    const before = topLine(view);
    view.wrap(40);
    expect(topLine(view)).toBe(before);
    view.wrap(null);
    expect(topLine(view)).toBe(before);
  });

  it('another filter keeps the place', async () => {
    const { source } = longLog(20_000);
    const view = await look(20_000, { source });
    view.scroll(view.map.settle() - 9_000, false);
    await settled();
    const before = topLine(view);
    view.open({ source: storedLogs(Array.from({ length: 20_000 }, (_, n) => lineOf(n))), feed: null, filter: { ...NO_FILTER, level: 'error' } }, null);
    await settled();
    expect(topLine(view)).toBe(Math.ceil(before / 10) * 10);
  });
});
