import { expect, test } from 'vitest';

import { ganttQuery, ganttViewOf, PLAIN_VIEW } from '../../src/run/gantt/zoom';

const read = (query: string) => ganttViewOf(new URLSearchParams(query));

test('a view comes back from its address', () => {
  for (const view of [PLAIN_VIEW, { zoom: 2.25, from: 1_500, hidesIdle: true, showsCritical: false }]) {
    expect(ganttViewOf(new URLSearchParams(ganttQuery(view)))).toEqual(view);
  }
});

test('the plain view leaves the address as it is', () => {
  expect(ganttQuery(PLAIN_VIEW)).toEqual({});
});

test('nonsense is as if it were not there, and limits hold', () => {
  expect(read('zoom=x&from=-4&idle=2&critical=')).toEqual(PLAIN_VIEW);
  expect(read('zoom=1e9').zoom).toBe(400);
  expect(read('zoom=0').zoom).toBe(1);
});
