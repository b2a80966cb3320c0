/** Random runs, and a slow and obvious account of what becomes of one. */

import type { EventRecord, JSONValue, SnapshotFrame, Status, TaskRecord } from '../src/core/live';
import type { TaskFacts } from '../src/core/run-state';
import { BEGAN, event, taskRecord } from './frames';

/** Numbers in [0, 1) that depend on the seed alone (mulberry32). */
export function chances(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Tasks that depend on tasks before them. */
export function randomTasks(chance: () => number, count: number): TaskRecord[] {
  return Array.from({ length: count }, (_, index) => {
    const upstream = Array.from({ length: index }, (_unused, other) => other).filter(() => chance() < 0.2);
    const dependencies = upstream.map((other) => ({ id: `t${other}`, required: chance() < 0.5 }));
    const isReused = chance() < 0.1;
    const status = isReused ? 'completed' : 'pending';
    const progress = isReused ? 1 : 0;
    return taskRecord(`t${index}`, { pk: index, dependencies, status, progress, reused: isReused });
  });
}

type Data = { [key: string]: JSONValue };

/** A log in which each event may follow what came before it. */
export function randomEvents(chance: () => number, tasks: TaskRecord[], first: number, count: number): EventRecord[] {
  const rows = tasks.map((task) => ({ id: task.id, status: task.status as Status, attempt: 0 }));
  const error = () => ({ error: 'E', error_type: chance() < 0.3 ? 'dependency_failed' : 'ValueError' });
  return Array.from({ length: count }, (_, index) => {
    const seq = first + index;
    const row = rows[Math.floor(chance() * rows.length)]!;
    const say = (type: string, status: Status, data: Data = {}) => {
      row.status = status;
      return event(seq, type, row.id, { attempt: row.attempt, ...data });
    };
    const which = chance();
    if (which < 0.05) return event(seq, chance() < 0.5 ? 'run.paused' : 'run.resumed', null, { by: null });
    if (which < 0.1) return say('task.priority_changed', row.status, { priority: Math.floor(chance() * 4) });
    if (row.status === 'pending') {
      if (which < 0.2) return say('task.failed', 'failed', error());
      if (which < 0.3) return say('task.cancelled', 'cancelled', { ...error(), first_cause: 't0' });
      if (which < 0.35) return say('task.completed', 'completed', { skipped: true });
      row.attempt += 1;
      return say('task.started', 'in_progress');
    }
    if (row.status === 'in_progress') {
      if (which < 0.3) return say('task.progress', 'in_progress', { progress: chance(), message: String(seq) });
      if (which < 0.45) return say('task.retrying', 'pending', { of: 4, delay_seconds: 2, ...error() });
      if (which < 0.5) return say('task.worker_lost', 'pending', { losses: 1 });
      if (which < 0.55) return say('task.handed_back', 'pending');
      if (which < 0.7) return say('task.failed', 'failed', error());
      return say('task.completed', 'completed');
    }
    if (row.status === 'completed') return event(seq, 'task.late_outcome', row.id, { attempt: 1, status: 'failed' });
    return say('task.requeued', 'pending', { by: null });
  });
}

/** What one task is after its events: each fact is looked up in the whole log by itself. */
export function accountOf(frame: SnapshotFrame, log: EventRecord[], id: string): Partial<TaskFacts> {
  const record = frame.tasks.find((task) => task.id === id)!;
  const own = log.filter((entry) => entry.task === id);
  const last = (...types: string[]) => own.filter((entry) => types.includes(entry.type)).at(-1);
  const ends = ['task.completed', 'task.failed', 'task.cancelled'];
  const returns = ['task.retrying', 'task.worker_lost', 'task.handed_back', 'task.requeued'];
  const move = last('task.started', ...ends, ...returns);
  const start = last('task.started');
  const status = statusAfter(record, move?.type);
  const isEnded = move !== undefined && ends.includes(move.type);
  const wasReturned = (last(...returns)?.seq ?? 0) > (start?.seq ?? 0);
  const progress = last('task.progress');
  const isProgressOfAttempt = progress !== undefined && !wasReturned && progress.seq > start!.seq;
  const priority = last('task.priority_changed');
  return {
    status,
    attempt: own.filter((entry) => entry.type === 'task.started').length,
    uncountedAttempts: uncounted(own),
    priority: (priority?.data.priority as number | undefined) ?? record.priority,
    progress: status === 'completed' ? 1 : isProgressOfAttempt ? (progress.data.progress as number) : 0,
    startedAt: start && !wasReturned ? time(start.seq) : null,
    finishedAt: isEnded ? time(move.seq) : null,
    nextAttemptAt: dueAfter(move),
    error: isEnded ? ((move.data.error as string | undefined) ?? null) : null,
    errorType: isEnded ? errorTypeOf(move) : null,
    firstCause: isEnded ? ((move.data.first_cause as string | undefined) ?? null) : null,
    unmet: record.dependencies.filter((edge) => !hasEnded(frame, log, edge.id)).length,
  };
}

function hasEnded(frame: SnapshotFrame, log: EventRecord[], id: string): boolean {
  const record = frame.tasks.find((task) => task.id === id)!;
  const moves = log.filter((entry) => entry.task === id && !/progress|priority|late/.test(entry.type));
  return ['completed', 'failed', 'cancelled'].includes(statusAfter(record, moves.at(-1)?.type));
}

function statusAfter(record: TaskRecord, type: string | undefined): Status {
  if (type === undefined) return record.status;
  if (type === 'task.started') return 'in_progress';
  const word = type.slice('task.'.length);
  return word === 'completed' || word === 'failed' || word === 'cancelled' ? word : 'pending';
}

function uncounted(own: EventRecord[]): number {
  const forgiven = own.map((entry) => entry.type).lastIndexOf('task.requeued');
  const starts = own.slice(0, forgiven + 1).filter((entry) => entry.type === 'task.started').length;
  const lost = own.slice(forgiven + 1).filter(({ type }) => type === 'task.worker_lost' || type === 'task.handed_back');
  return starts + lost.length;
}

function dueAfter(move: EventRecord | undefined): number | null {
  if (move?.type === 'task.retrying') return time(move.seq) + (move.data.delay_seconds as number) * 1000;
  return move?.type === 'task.worker_lost' || move?.type === 'task.handed_back' ? time(move.seq) : null;
}

function errorTypeOf(move: EventRecord): string | null {
  return move.data.skipped === true ? 'skipped' : ((move.data.error_type as string | undefined) ?? null);
}

function time(seq: number): number {
  return BEGAN + seq * 1000;
}
