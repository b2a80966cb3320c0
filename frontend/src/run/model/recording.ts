/** A run that can be looked at as it was at any moment: its first state, and every event since. */

import type { EventRecord, SnapshotFrame, TaskRecord } from '../../core/live/frames';
import { applyAll, fromSnapshot, type RunState } from '../../core/run-state';

/** Events between two states that are kept, so that going back does not begin at the beginning. */
const EVERY = 2_000;

export class Recording {
  private readonly events: EventRecord[] = [];
  private readonly times: number[] = [];
  /** What priorities were before somebody first changed them, by task; null stands for the run. */
  private readonly priorities = new Map<string | null, number>();
  /** States after so many events, as copies that nothing changes. */
  private readonly kept = new Map<number, RunState>();

  /** `now` is any snapshot of the run; what has changed since its beginning is taken back. */
  constructor(private readonly now: SnapshotFrame) {}

  /** The last event that is known without a hole from the first. */
  get seq(): number {
    return this.events.length;
  }

  /** Take events; those that are known, or that leave a hole, are passed over. */
  add(events: readonly EventRecord[]): void {
    for (const event of events) {
      if (event.seq !== this.events.length + 1) continue;
      this.events.push(event);
      this.noteTime(Date.parse(event.at));
      this.notePriority(event);
    }
  }

  /** Times come from several clocks: what happened before something else is not later than that. */
  private noteTime(time: number): void {
    for (let index = this.times.length - 1; index >= 0 && this.times[index]! > time; index -= 1) this.times[index] = time;
    this.times.push(time);
  }

  private notePriority({ type, task, data }: EventRecord): void {
    if (!type.endsWith('.priority_changed') || typeof data.was !== 'number' || this.priorities.has(task)) return;
    this.priorities.set(task, data.was);
    this.kept.clear();
  }

  /** The time of the first and of the last event; null while there are none. */
  get range(): { from: number; to: number } | null {
    const from = this.times[0];
    const to = this.times.at(-1);
    return from === undefined || to === undefined ? null : { from, to };
  }

  /** How many events had happened at a moment. */
  seqAt(time: number): number {
    let low = 0;
    let high = this.times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.times[middle]! <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The events from the first to one. */
  upTo(seq: number): readonly EventRecord[] {
    return this.events.slice(0, seq);
  }

  /** The events behind one, up to another. */
  between(after: number, until: number): readonly EventRecord[] {
    return this.events.slice(after, until);
  }

  /** The state after `seq` events. */
  stateAt(seq: number): RunState {
    const wanted = Math.min(seq, this.events.length);
    const begin = Math.floor(wanted / EVERY) * EVERY;
    const state = begin === 0 ? this.first() : structuredClone(this.keptAt(begin));
    applyAll(state, this.events.slice(begin, wanted));
    return state;
  }

  private first(): RunState {
    const { run, tasks, ...frame } = beginning(this.now);
    const before = <T extends { priority: number }>(record: T, task: string | null): T => ({ ...record, priority: this.priorities.get(task) ?? record.priority });
    return fromSnapshot({ ...frame, run: before(run, null), tasks: tasks.map((task) => before(task, task.id)) });
  }

  private keptAt(seq: number): RunState {
    const known = this.kept.get(seq);
    if (known) return known;
    const before = seq - EVERY;
    const state = before === 0 ? this.first() : structuredClone(this.keptAt(before));
    applyAll(state, this.events.slice(before, seq));
    this.kept.set(seq, state);
    return state;
  }
}

/** The snapshot as it would have been before the first event. What no event ever changes stays. */
export function beginning({ now, run, tasks }: SnapshotFrame): SnapshotFrame {
  return {
    type: 'snapshot',
    as_of_seq: 0,
    now,
    run: { ...run, status: 'pending', paused: false, cancel_requested_at: null, cancel_reason: '', error: null, started_at: null, finished_at: null, owner: null, hooks: [] },
    tasks: tasks.map(untouched),
  };
}

function untouched(task: TaskRecord): TaskRecord {
  return {
    ...task,
    ...{ status: 'pending', attempt: 0, uncounted_attempts: 0, progress: 0, progress_message: '', error: null, error_type: null },
    ...{ first_cause: null, next_attempt_at: null, started_at: null, finished_at: null, worker: null },
  } as TaskRecord;
}
