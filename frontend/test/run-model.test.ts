import { describe, expect, it } from 'vitest';
import type { TaskRecord } from '../src/core/live';
import { ALL_SHOWN, apply, applyAll, fromSnapshot, type RunState, type TaskFacts } from '../src/core/run-state';
import { at, BEGAN, snapshot } from './frames';
import { accountOf, chances, randomEvents, randomTasks } from './run-model';

const SEEDS = Array.from({ length: 40 }, (_, index) => index + 1);

function shownBy(task: TaskFacts): string {
  const isRetrying = task.status === 'pending' && task.attempt > 0 && task.nextAttemptAt !== null;
  if (isRetrying) return 'retrying';
  if (task.status === 'pending' && task.unmet > 0) return 'waiting';
  if (task.status === 'failed' && task.errorType === 'dependency_failed') return 'blocked';
  return task.status === 'completed' && task.reused ? 'reused' : task.status;
}

function world(seed: number) {
  const chance = chances(seed);
  const tasks = randomTasks(chance, 12);
  return { frame: snapshot(1, tasks), log: randomEvents(chance, tasks, 2, 250) };
}

/** What the server would send as a snapshot of this state. */
function asSnapshot(state: RunState): TaskRecord[] {
  const iso = (ms: number | null) => (ms === null ? null : at((ms - BEGAN) / 1000));
  return [...state.tasks.values()].map((task) => ({
    pk: task.pk,
    id: task.id,
    name: task.name,
    executor: task.executor,
    parent_id: task.parentId,
    priority: task.priority,
    enabled: task.enabled,
    position: task.position,
    dependencies: [...task.dependencies],
    status: task.status,
    attempt: task.attempt,
    uncounted_attempts: task.uncountedAttempts,
    max_attempts: task.maxAttempts,
    progress: task.progress,
    progress_message: task.message,
    error: task.error,
    error_type: task.errorType,
    first_cause: task.firstCause,
    next_attempt_at: iso(task.nextAttemptAt),
    started_at: iso(task.startedAt),
    finished_at: iso(task.finishedAt),
    worker: task.worker,
    reused: task.reused,
    pinned: task.pinned,
    timeout_seconds: task.timeoutSeconds,
  }));
}

describe.each(SEEDS)('a random run (seed %i)', (seed) => {
  const { frame, log } = world(seed);

  it('is what the whole log says', () => {
    const state = fromSnapshot(frame);
    applyAll(state, log);
    for (const task of state.tasks.values()) {
      expect(task, task.id).toMatchObject(accountOf(frame, log, task.id));
      expect(task.shown).toBe(shownBy(task));
    }
    for (const shown of ALL_SHOWN) {
      expect(state.counts[shown]).toBe([...state.tasks.values()].filter((task) => task.shown === shown).length);
    }
  });

  it('names every task that an event changes, and no other', () => {
    const state = fromSnapshot(frame);
    for (const entry of log) {
      const before = structuredClone([...state.tasks.values()]);
      const { taskIds } = apply(state, entry);
      for (const old of before) {
        const isSame = JSON.stringify(old) === JSON.stringify(state.tasks.get(old.id));
        // An event may repeat what was so already; it still names its own task.
        if (old.id !== entry.task) expect(taskIds.has(old.id)).toBe(!isSame);
        else expect(isSame || taskIds.has(old.id)).toBe(true);
      }
    }
  });

  it('is the same when a snapshot is taken on the way', () => {
    const whole = fromSnapshot(frame);
    applyAll(whole, log);
    const half = fromSnapshot(frame);
    applyAll(half, log.slice(0, 100));
    const resumed = fromSnapshot(snapshot(half.seq, asSnapshot(half)));
    // Overlapping on purpose: what the snapshot holds is not applied twice.
    applyAll(resumed, log.slice(90));
    expect(asSnapshot(resumed)).toEqual(asSnapshot(whole));
    expect(resumed.counts).toEqual(whole.counts);
  });
});
