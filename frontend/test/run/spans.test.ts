import { expect, test } from 'vitest';

import type { EventRecord } from '../../src/core/live/frames';
import { Spans, type Span } from '../../src/run/model/spans';

const TASKS = [
  { id: 'a', dependencies: [] },
  { id: 'b', dependencies: [{ id: 'a', required: true }] },
];

/** Second `at` of a run that began at midnight. */
function event(seq: number, at: number, type: string, task: string | null = null, data: EventRecord['data'] = {}): EventRecord {
  return { seq, type, task, data, at: new Date(at * 1000).toISOString() };
}

function spansOf(events: EventRecord[], id: string): [Span['kind'], number, number | null, Span['ending']][] {
  const spans = new Spans(TASKS);
  for (const one of events) spans.add(one);
  return spans.of(id).map(({ kind, from, to, ending }) => [kind, from / 1000, to === null ? null : to / 1000, ending]);
}

const BEGUN = [event(1, 0, 'run.created'), event(2, 1, 'run.started'), event(3, 2, 'task.started', 'a', { attempt: 1 })];

test('a task is queued from the moment that nothing is left to wait for', () => {
  expect(spansOf(BEGUN, 'a')).toEqual([['queued', 0, 2, null], ['running', 2, null, null]]);
  expect(spansOf(BEGUN, 'b')).toEqual([]);
  const ended = [...BEGUN, event(4, 5, 'task.completed', 'a', { attempt: 1 })];
  expect(spansOf(ended, 'a').at(-1)).toEqual(['running', 2, 5, 'completed']);
  expect(spansOf(ended, 'b')).toEqual([['queued', 5, null, null]]);
});

test('attempts are segments, with the pause between them', () => {
  const events = [...BEGUN, event(4, 3, 'task.retrying', 'a', { attempt: 1, delay_seconds: 4 }), event(5, 7, 'task.started', 'a', { attempt: 2 }), event(6, 8, 'task.failed', 'a', { attempt: 2 })];
  expect(spansOf(events, 'a')).toEqual([['queued', 0, 2, null], ['running', 2, 3, 'failed'], ['delayed', 3, 7, null], ['running', 7, 8, 'failed']]);
});

test('a lost attempt is queued again', () => {
  const events = [...BEGUN, event(4, 9, 'task.worker_lost', 'a', { attempt: 1, losses: 1 })];
  expect(spansOf(events, 'a').slice(1)).toEqual([['running', 2, 9, 'lost'], ['queued', 9, null, null]]);
});

test('what did not run has no bar', () => {
  const events = [...BEGUN, event(4, 3, 'task.failed', 'a', { attempt: 1 }), event(5, 3, 'task.failed', 'b', { attempt: 0 })];
  expect(spansOf(events, 'b')).toEqual([]);
});

test('a retry asked for takes back that others were about to start', () => {
  const events = [...BEGUN, event(4, 3, 'task.failed', 'a', { attempt: 1 }), event(5, 6, 'task.requeued', 'a')];
  expect(spansOf(events, 'b')).toEqual([]);
  expect(spansOf(events, 'a').at(-1)).toEqual(['queued', 6, null, null]);
});
