import { expect, test } from 'vitest';

import type { EventRecord } from '../../src/core/live/frames';
import { applyAll, fromSnapshot } from '../../src/core/run-state';
import { beginning, Recording } from '../../src/run/model/recording';
import { snapshot, taskRecord } from '../frames';

const aSnapshot = () => snapshot(0, [taskRecord('a')]);

function log(count: number): EventRecord[] {
  const events: EventRecord[] = [{ seq: 1, type: 'run.created', task: null, data: {}, at: new Date(0).toISOString() }];
  for (let seq = 2; seq <= count; seq += 1) {
    const type = seq % 2 ? 'task.progress' : 'task.started';
    events.push({ seq, type, task: 'a', data: { attempt: seq >> 1, progress: (seq % 100) / 100, message: `${seq}` }, at: new Date(seq * 1000).toISOString() });
  }
  return events;
}

test('the state at every moment is what the events up to it make', () => {
  const first = aSnapshot();
  const recording = new Recording(first);
  const events = log(4_500);
  recording.add(events);
  for (const seq of [0, 1, 2, 3, 1_999, 2_000, 2_001, 4_000, 4_499, 4_500]) {
    const expected = fromSnapshot(beginning(first));
    applyAll(expected, events.slice(0, seq));
    expect(recording.stateAt(seq)).toEqual(expected);
  }
});

test('going back changes nothing of what was shown before', () => {
  const recording = new Recording(aSnapshot());
  recording.add(log(4_500));
  const late = recording.stateAt(4_400);
  const copy = structuredClone(late);
  recording.stateAt(10);
  recording.stateAt(4_450);
  expect(late).toEqual(copy);
});

test('a moment is found by its time', () => {
  const recording = new Recording(aSnapshot());
  recording.add(log(10));
  expect([recording.seqAt(-1), recording.seqAt(0), recording.seqAt(2_000), recording.seqAt(2_999), recording.seqAt(99_000)]).toEqual([0, 1, 2, 2, 10]);
});

test('what leaves a hole is passed over', () => {
  const recording = new Recording(aSnapshot());
  const events = log(5);
  recording.add([events[0]!, events[2]!, events[1]!, events[1]!]);
  expect(recording.seq).toBe(2);
});

test('priorities are those of then', () => {
  const recording = new Recording(snapshot(0, [{ ...taskRecord('a'), priority: 0 }, taskRecord('b')]));
  recording.add([
    { seq: 1, type: 'run.created', task: null, data: {}, at: new Date(0).toISOString() },
    { seq: 2, type: 'task.priority_changed', task: 'a', data: { priority: 3, was: 1, by: 'ann' }, at: new Date(1).toISOString() },
    { seq: 3, type: 'task.priority_changed', task: 'a', data: { priority: 0, was: 3, by: 'ann' }, at: new Date(2).toISOString() },
    { seq: 4, type: 'run.priority_changed', task: null, data: { priority: 2, was: 3, by: 'ann' }, at: new Date(3).toISOString() },
  ]);
  const priorities = [0, 2, 3, 4].map((seq) => recording.stateAt(seq)).map(({ run, tasks }) => [run.priority, ...[...tasks.values()].map((task) => task.priority)]);
  expect(priorities).toEqual([[3, 1, 2], [3, 3, 2], [3, 0, 2], [2, 0, 2]]);
});

test('a clock that is ahead puts nothing before its cause', () => {
  const recording = new Recording(aSnapshot());
  const at = (milliseconds: number) => new Date(milliseconds).toISOString();
  recording.add([
    { seq: 1, type: 'run.created', task: null, data: {}, at: at(500) },
    { seq: 2, type: 'run.started', task: null, data: {}, at: at(470) },
    { seq: 3, type: 'task.started', task: 'a', data: { attempt: 1 }, at: at(490) },
  ]);
  expect(recording.range).toEqual({ from: 470, to: 490 });
  expect([recording.seqAt(469), recording.seqAt(470), recording.seqAt(480), recording.seqAt(490)]).toEqual([0, 2, 2, 3]);
});

test('hooks of the run are those that had been told of by then, whatever the snapshot has', () => {
  const told = (seq: number, hook: string): EventRecord => ({ seq, type: 'run.hooks', task: null, data: { hooks: [{ hook, event: 'on_tree_started', ms: 1 }] }, at: new Date(seq).toISOString() });
  const calls = [1, 2].map((seq) => ({ hook: `h${seq}`, event: 'on_tree_started', ms: 1 }));
  const recording = new Recording(snapshot(0, [taskRecord('a')], { hooks: calls }));
  recording.add([told(1, 'h1'), told(2, 'h2')]);
  const shown = [0, 1, 2].map((seq) => recording.stateAt(seq).run.hooks.map(({ hook }) => hook));
  expect(shown).toEqual([[], ['h1'], ['h1', 'h2']]);
  expect(fromSnapshot(snapshot(0, [], { hooks: calls })).run.hooks).toEqual(recording.stateAt(2).run.hooks);
});
