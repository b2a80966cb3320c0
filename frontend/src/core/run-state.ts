/** The state of a run that is being watched: a snapshot, and every event after it. */

import type { EventRecord, SnapshotFrame } from './live/frames';
import { readRun, readTask, type RunFacts, type Shown, type TaskFacts } from './run/facts';
import { applyToRun } from './run/run-events';
import { ALL_SHOWN, isTerminal, shownOfRun, shownOfTask } from './run/shown';
import { applyToTask } from './run/task-events';

export { countHookCalls, readHookCalls, type HookCall } from './run/hook-calls';
export type { CancelRequest, HookFailure, LostAttempt, RunFacts, RunShown, Shown, TaskFacts } from './run/facts';
export { ALL_SHOWN, isTerminal, nextAttempt, RUN_WORDS, SHOWN_WORDS, wordOfTask } from './run/shown';

export interface RunState {
  readonly run: RunFacts;
  /** Every task by its id, in the tree's order. */
  readonly tasks: ReadonlyMap<string, TaskFacts>;
  /** How many tasks show each state; each task is counted once. */
  readonly counts: Record<Shown, number>;
  /** The last event that is in here. */
  seq: number;
  /** The tasks that depend on each task. */
  readonly dependents: ReadonlyMap<string, readonly TaskFacts[]>;
}

/** What events have changed, so that only that is drawn again. */
export interface Changes {
  readonly taskIds: Set<string>;
  run: boolean;
}

/** Return an empty list of changes. */
export function noChanges(): Changes {
  return { taskIds: new Set(), run: false };
}

/** Build the state from a snapshot. */
export function fromSnapshot(frame: SnapshotFrame): RunState {
  const tasks = new Map(frame.tasks.map((record) => [record.id, readTask(record)]));
  const dependents = new Map<string, TaskFacts[]>();
  const counts = Object.fromEntries(ALL_SHOWN.map((shown) => [shown, 0])) as Record<Shown, number>;
  for (const task of tasks.values()) {
    for (const id of new Set(task.dependencies.map((dependency) => dependency.id))) {
      const upstream = tasks.get(id);
      if (!upstream || upstream === task) continue;
      if (!isTerminal(upstream.status)) task.unmet += 1;
      const known = dependents.get(id);
      if (known) known.push(task);
      else dependents.set(id, [task]);
    }
    task.shown = shownOfTask(task);
    counts[task.shown] += 1;
  }
  const run = readRun(frame.run);
  run.shown = shownOfRun(run);
  return { run, tasks, counts, seq: frame.as_of_seq, dependents };
}

/**
 * Apply the next event in place, and note in `changes` what it changed.
 *
 * An event that is in the state already changes nothing; one of a type that is not known here only moves `seq` on.
 */
export function apply(state: RunState, event: EventRecord, changes: Changes = noChanges()): Changes {
  if (event.seq <= state.seq) return changes;
  state.seq = event.seq;
  if (event.task === null) {
    if (applyToRun(state.run, event)) changes.run = true;
    state.run.shown = shownOfRun(state.run);
    return changes;
  }
  const task = state.tasks.get(event.task);
  if (!task) return changes;
  const wasOver = isTerminal(task.status);
  if (!applyToTask(task, event)) return changes;
  changes.taskIds.add(task.id);
  show(state, task);
  const isOver = isTerminal(task.status);
  if (isOver !== wasOver) tellDependents(state, task, isOver ? -1 : 1, changes);
  return changes;
}

/** Apply events in order. */
export function applyAll(state: RunState, events: readonly EventRecord[], changes: Changes = noChanges()): Changes {
  for (const event of events) apply(state, event, changes);
  return changes;
}

function tellDependents(state: RunState, task: TaskFacts, step: number, changes: Changes): void {
  for (const dependent of state.dependents.get(task.id) ?? []) {
    dependent.unmet += step;
    changes.taskIds.add(dependent.id);
    show(state, dependent);
  }
}

function show(state: RunState, task: TaskFacts): void {
  const shown = shownOfTask(task);
  if (shown === task.shown) return;
  state.counts[task.shown] -= 1;
  state.counts[shown] += 1;
  task.shown = shown;
}
