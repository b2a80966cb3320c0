import { expect, test } from 'vitest';

import { criticalPath } from '../../src/run/gantt/critical';
import { idleStretches, Scale, ticks } from '../../src/run/gantt/scale';

const RANGE = { from: 1_000, to: 101_000 };

test('a moment and its place lead to each other', () => {
  for (const idle of [[], [{ from: 11_000, to: 61_000 }], [{ from: 1_000, to: 2_000 }, { from: 50_000, to: 101_000 }]]) {
    const scale = new Scale(RANGE, 800, idle);
    for (let time = 1_000; time <= 101_000; time += 777) expect(scale.time(scale.x(time))).toBeCloseTo(time, 4);
    expect(scale.x(RANGE.from)).toBe(0);
    expect(scale.x(RANGE.to)).toBeCloseTo(800, 6);
  }
});

test('places only grow with time', () => {
  const scale = new Scale(RANGE, 300, [{ from: 20_000, to: 90_000 }]);
  let before = -1;
  for (let time = 1_000; time <= 101_000; time += 500) {
    expect(scale.x(time)).toBeGreaterThan(before);
    before = scale.x(time);
  }
});

test('idle time takes a gap only', () => {
  const scale = new Scale(RANGE, 1_000, [{ from: 11_000, to: 91_000 }]);
  expect(scale.x(91_000) - scale.x(11_000)).toBeCloseTo((2_000 / 22_000) * 1_000, 6);
});

test('idle is where nothing ran, if it is long enough', () => {
  const busy = [{ from: 50_000, to: 60_000 }, { from: 2_000, to: 20_000 }, { from: 15_000, to: 40_000 }];
  expect(idleStretches(RANGE, busy)).toEqual([{ from: 40_000, to: 50_000 }]);
});

test('marks are round and apart', () => {
  const marks = ticks(new Scale({ from: 0, to: 60_000 }, 600), 90);
  expect(marks.map(({ since }) => since)).toEqual([0, 10_000, 20_000, 30_000, 40_000, 50_000, 60_000]);
});

test('the critical path is what was waited for last', () => {
  const tasks = [
    { id: 'a', startedAt: 0, finishedAt: 10, dependencies: [] },
    { id: 'b', startedAt: 0, finishedAt: 30, dependencies: [] },
    { id: 'c', startedAt: 30, finishedAt: 40, dependencies: [{ id: 'a' }, { id: 'b' }] },
    { id: 'd', startedAt: 10, finishedAt: 35, dependencies: [{ id: 'a' }] },
  ];
  expect(criticalPath(tasks, 40)).toEqual(['b', 'c']);
  expect(criticalPath([{ ...tasks[3]!, finishedAt: null }, tasks[0]!], 99)).toEqual(['a', 'd']);
  expect(criticalPath([], 0)).toEqual([]);
});
