import { expect, test } from 'vitest';

import { forecast, lateness, type ForecastTask, type Usual } from '../../src/run/model/forecast';

const usual = (...entries: [string, number][]): Map<string, Usual> => new Map(entries.map(([id, median]) => [id, { median, p95: median * 2 }]));

function task(id: string, above: string[] = [], fields: Partial<ForecastTask> = {}): ForecastTask {
  const dependencies = above.map((other) => ({ id: other, required: true }));
  return { id, parentId: null, executor: 'echo', enabled: true, status: 'pending', startedAt: null, finishedAt: null, nextAttemptAt: null, dependencies, ...fields };
}

test('what waits begins when the last of what it waits for is expected to end', () => {
  const tasks = [task('c', ['a', 'b']), task('a', [], { status: 'in_progress', startedAt: 900 }), task('b')];
  const { tasks: expected, finish } = forecast(tasks, usual(['a', 300], ['b', 50], ['c', 10]), 1_000);
  expect(expected.get('a')).toEqual({ from: 900, to: 1_200 });
  expect(expected.get('b')).toEqual({ from: 1_000, to: 1_050 });
  expect(expected.get('c')).toEqual({ from: 1_200, to: 1_210 });
  expect(finish).toBe(1_210);
});

test('what is late ends now at the earliest', () => {
  const tasks = [task('a', [], { status: 'in_progress', startedAt: 0 }), task('b', ['a'])];
  expect(forecast(tasks, usual(['a', 300], ['b', 50]), 1_000).finish).toBe(1_050);
});

test('a retry waits for its time', () => {
  expect(forecast([task('a', [], { nextAttemptAt: 5_000 })], usual(['a', 10]), 1_000).finish).toBe(5_010);
});

test('a run with something that never ran before has no expected finish, but what is known is shown', () => {
  const { tasks, finish } = forecast([task('new'), task('after', ['new']), task('known')], usual(['after', 1], ['known', 5]), 100);
  expect(finish).toBeNull();
  expect([...tasks.keys()]).toEqual(['known']);
});

test('nothing is expected of a run that is over', () => {
  expect(forecast([task('a', [], { status: 'completed', finishedAt: 9 })], usual(['a', 1]), 100).finish).toBeNull();
});

test('a group ends with what is in it, and what is switched off takes no time', () => {
  const tasks = [task('g', [], { executor: null }), task('in', [], { parentId: 'g' }), task('off', ['g'], { enabled: false })];
  expect(forecast(tasks, usual(['in', 40]), 100).finish).toBe(140);
});

test('a chain of thousands, last task first, and a circle, are survived', () => {
  const chain = Array.from({ length: 20_000 }, (_, at) => task(`t${at}`, at + 1 < 20_000 ? [`t${at + 1}`] : []));
  expect(forecast(chain, usual(...chain.map(({ id }): [string, number] => [id, 1])), 0).finish).toBe(20_000);
  expect(forecast([task('a', ['b']), task('b', ['a'])], usual(['a', 1], ['b', 1]), 0).finish).toBeNull();
});

test('late is what is slower than 95 of 100 were', () => {
  const known = { median: 100, p95: 200 };
  expect(lateness({ startedAt: 1_000, finishedAt: null }, known, 1_150)).toBeLessThan(0);
  expect(lateness({ startedAt: 1_000, finishedAt: null }, known, 1_500)).toBe(300);
  expect(lateness({ startedAt: 1_000, finishedAt: 1_250 }, known, 9_999)).toBe(50);
  expect(lateness({ startedAt: 1_000, finishedAt: null }, undefined, 9_999)).toBe(0);
});
