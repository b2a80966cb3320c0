import { describe, expect, it } from 'vitest';
import type { JSONValue, RunRecord, TaskRecord } from '../src/core/live';
import {
  apply,
  applyAll,
  countHookCalls,
  fromSnapshot,
  nextAttempt,
  noChanges,
  readHookCalls,
  wordOfTask,
  type RunFacts,
  type TaskFacts,
} from '../src/core/run-state';
import { at, BEGAN, event, snapshot, taskRecord } from './frames';

type Data = { [key: string]: JSONValue };

const time = (seconds: number) => BEGAN + seconds * 1000;

/** A run with one task, after these events; each is one second behind the one before. */
function after(events: [string, Data?][], task: Partial<TaskRecord> = {}, run: Partial<RunRecord> = {}) {
  const state = fromSnapshot(snapshot(0, [taskRecord('a', task)], run));
  const changes = applyAll(
    state,
    events.map(([type, data], index) => event(index + 1, type, type.startsWith('task.') ? 'a' : null, data)),
  );
  return { state, changes, run: state.run, task: state.tasks.get('a')! };
}

describe('a snapshot', () => {
  it('is read', () => {
    const { task, run } = after([], {
      pk: 7,
      status: 'in_progress',
      attempt: 2,
      uncounted_attempts: 1,
      max_attempts: 5,
      progress: 0.25,
      progress_message: 'a quarter',
      started_at: at(3),
      worker: 'w',
    });
    expect(task).toMatchObject({ id: 'a', pk: 7, attempt: 2, maxAttempts: 5, progress: 0.25, message: 'a quarter' });
    expect(task).toMatchObject({ startedAt: time(3), finishedAt: null, worker: 'w', shown: 'in_progress' });
    expect(run).toMatchObject({ id: 'r1', status: 'in_progress', startedAt: time(1), owner: 'worker-1' });
  });

  it.each<[string, Partial<TaskRecord>]>([
    ['pending', {}],
    ['waiting', { dependencies: [{ id: 'b', required: false }] }],
    ['in_progress', { status: 'in_progress' }],
    ['completed', { status: 'completed' }],
    ['reused', { status: 'completed', reused: true }],
    ['failed', { status: 'failed', error_type: 'ValueError' }],
    ['blocked', { status: 'failed', error_type: 'dependency_failed' }],
    ['cancelled', { status: 'cancelled' }],
    ['retrying', { attempt: 1, next_attempt_at: at(9) }],
  ])('shows %s', (shown, fields) => {
    const state = fromSnapshot(snapshot(0, [taskRecord('a', fields), taskRecord('b')]));
    expect(state.tasks.get('a')!.shown).toBe(shown);
    expect(state.counts[state.tasks.get('a')!.shown]).toBe(shown === 'pending' ? 2 : 1);
  });

  it.each<[string, Partial<RunRecord>]>([
    ['pending', { status: 'pending' }],
    ['paused', { paused: true }],
    ['cancelling', { paused: true, cancel_requested_at: at(2) }],
    ['cancelled', { status: 'cancelled', paused: true, cancel_requested_at: at(2) }],
  ])('shows a run that is %s', (shown, fields) => {
    expect(fromSnapshot(snapshot(0, [], fields)).run.shown).toBe(shown);
  });

  it('bears dependencies on nothing, on itself, and twice on the same', () => {
    const dependencies = ['gone', 'a', 'b', 'b'].map((id) => ({ id, required: true }));
    const state = fromSnapshot(snapshot(0, [taskRecord('a', { dependencies }), taskRecord('b')]));
    expect(state.tasks.get('a')!.unmet).toBe(1);
  });
});

describe('an event of a task', () => {
  const started: [string, Data] = ['task.started', { attempt: 1 }];

  it.each<[string, [string, Data?][], Partial<TaskFacts>]>([
    ['task.started', [started], { status: 'in_progress', attempt: 1, startedAt: time(1), progress: 0, worker: null }],
    [
      'task.progress',
      [started, ['task.progress', { attempt: 1, progress: 0.5, message: 'half' }]],
      { progress: 0.5, message: 'half' },
    ],
    [
      'task.progress of another attempt',
      [started, ['task.progress', { attempt: 2, progress: 0.5, message: 'half' }]],
      { progress: 0, message: '' },
    ],
    [
      'task.completed',
      [started, ['task.completed', { attempt: 1 }]],
      { status: 'completed', progress: 1, finishedAt: time(2), startedAt: time(1), shown: 'completed' },
    ],
    [
      'task.completed of a skipped one',
      [['task.completed', { attempt: 0, skipped: true }]],
      { status: 'completed', errorType: 'skipped', startedAt: null, attempt: 0 },
    ],
    [
      'task.failed',
      [started, ['task.failed', { attempt: 1, error: 'E', error_type: 'ValueError' }]],
      { status: 'failed', error: 'E', errorType: 'ValueError', finishedAt: time(2), firstCause: null },
    ],
    [
      'task.failed by a dependency',
      [['task.failed', { attempt: 0, error: 'Not run', error_type: 'dependency_failed', first_cause: 'b' }]],
      { status: 'failed', shown: 'blocked', firstCause: 'b', attempt: 0 },
    ],
    [
      'task.cancelled',
      [['task.cancelled', { attempt: 0, error: 'Not wanted', error_type: 'cancelled' }]],
      { status: 'cancelled', error: 'Not wanted', errorType: 'cancelled', finishedAt: time(1) },
    ],
    [
      'task.retrying',
      [started, ['task.retrying', { attempt: 1, of: 4, delay_seconds: 2.5, error: 'E', error_type: 'timeout' }]],
      {
        status: 'pending',
        shown: 'retrying',
        maxAttempts: 4,
        nextAttemptAt: time(4.5),
        startedAt: null,
        error: null,
        lastAttempt: { attempt: 1, kind: 'failed', error: 'E', errorType: 'timeout', at: time(2) },
      },
    ],
    [
      'task.worker_lost',
      [started, ['task.worker_lost', { attempt: 1, losses: 2 }]],
      { status: 'pending', shown: 'retrying', uncountedAttempts: 1, workerLosses: 2, nextAttemptAt: time(2) },
    ],
    [
      'task.handed_back',
      [started, ['task.handed_back', { attempt: 1 }]],
      { status: 'pending', shown: 'retrying', uncountedAttempts: 1, workerLosses: 0 },
    ],
    [
      'task.requeued',
      [started, ['task.failed', { attempt: 1, error: 'E', error_type: 'x' }], ['task.requeued', { by: 'ann' }]],
      { status: 'pending', shown: 'pending', uncountedAttempts: 1, error: null, errorType: null, finishedAt: null },
    ],
    [
      'task.cancel_requested',
      [started, ['task.cancel_requested', { reason: 'enough', by: 'ann' }]],
      { cancelRequest: { reason: 'enough', by: 'ann', at: time(2) }, shown: 'in_progress' },
    ],
    ['task.priority_changed', [['task.priority_changed', { priority: 0, by: null }]], { priority: 0 }],
    [
      'task.edited',
      [
        ['task.edited', { fields: ['inputs'] }],
        ['task.edited', { fields: ['inputs', 'params'] }],
      ],
      { editedFields: ['inputs', 'params'] },
    ],
    [
      'task.hooks',
      [['task.hooks', { attempt: 1, hooks: [{ hook: 'a', event: 'pre', ms: 1 }, { hook: 'b', event: 'pre', ms: 2, error: 'E' }] }]],
      { hookFailures: [{ hook: 'b', error: 'E', at: time(1) }] },
    ],
    [
      'task.hook_failed',
      [['task.hook_failed', { hook: 'my.hook', error: 'E' }]],
      { hookFailures: [{ hook: 'my.hook', error: 'E', at: time(1) }] },
    ],
    ['task.lane_blocked', [started, ['task.lane_blocked', { attempt: 1, lane: 'async-1' }]], { blockedLane: 'async-1' }],
    [
      'task.late_outcome',
      [['task.late_outcome', { attempt: 1, status: 'completed' }]],
      { lateOutcome: { attempt: 1, status: 'completed', at: time(1) }, status: 'pending' },
    ],
  ])('%s', (_name, events, expected) => {
    const { task, changes } = after(events);
    expect(task).toMatchObject(expected);
    expect(changes).toEqual({ taskIds: new Set(['a']), run: false });
  });

  it('leaves nothing of an attempt behind in the next', () => {
    const { task } = after([
      started,
      ['task.progress', { attempt: 1, progress: 0.5, message: 'half' }],
      ['task.lane_blocked', { attempt: 1, lane: 'async-1' }],
      ['task.retrying', { attempt: 1, of: 3, delay_seconds: 1, error: 'E', error_type: 'x' }],
      ['task.started', { attempt: 2 }],
    ]);
    expect(task).toMatchObject({ attempt: 2, progress: 0, message: '', blockedLane: null, nextAttemptAt: null });
  });

  it('keeps only the newest failures of hooks', () => {
    const { task } = after(
      Array.from({ length: 50 }, (_, index) => ['task.hook_failed', { hook: String(index), error: 'E' }]),
    );
    expect(task.hookFailures).toHaveLength(20);
    expect(task.hookFailures.at(-1)!.hook).toBe('49');
  });
});

describe('retrying', () => {
  it('counts the attempt to come, without those that a worker lost', () => {
    const { task } = after([
      ['task.started', { attempt: 1 }],
      ['task.worker_lost', { attempt: 1, losses: 1 }],
      ['task.started', { attempt: 2 }],
      ['task.retrying', { attempt: 2, of: 3, delay_seconds: 1, error: 'E', error_type: 'x' }],
    ]);
    expect(nextAttempt(task)).toEqual({ number: 2, of: 3 });
    expect(wordOfTask(task)).toBe('Retrying 2/3');
  });
});

describe('an event of the run', () => {
  it.each<[string, [string, Data?][], Partial<RunFacts>]>([
    ['run.created', [['run.created', { trigger: 'api', tasks: 1, tree_version: 1 }]], { status: 'pending' }],
    ['run.started', [['run.started', { epoch: 1 }]], { status: 'in_progress', startedAt: time(1), owner: null }],
    [
      'run.taken_over',
      [
        ['run.started', { epoch: 1 }],
        ['run.taken_over', { epoch: 2 }],
      ],
      { status: 'in_progress', startedAt: time(1) },
    ],
    ['run.handed_back', [['run.handed_back', { epoch: 1 }]], { owner: null, status: 'pending' }],
    ['run.paused', [['run.paused', { by: 'ann' }]], { paused: true, shown: 'paused' }],
    [
      'run.resumed',
      [
        ['run.paused', { by: 'ann' }],
        ['run.resumed', { by: 'ann' }],
      ],
      { paused: false, shown: 'pending' },
    ],
    ['run.priority_changed', [['run.priority_changed', { priority: 0, by: null }]], { priority: 0 }],
    [
      'run.cancel_requested',
      [['run.cancel_requested', { reason: 'enough', by: 'ann' }]],
      { cancelRequestedAt: time(1), cancelReason: 'enough', shown: 'cancelling' },
    ],
    [
      'run.cancel_requested without a reason',
      [['run.cancel_requested', { reason: '', by: null }]],
      { cancelReason: 'The run was cancelled' },
    ],
    ['run.timed_out', [['run.timed_out', { timeout_seconds: 5 }]], { timedOut: true }],
    [
      'run.completed',
      [['run.completed', { tasks: {}, error: null }]],
      { status: 'completed', shown: 'completed', finishedAt: time(1), error: null, owner: null },
    ],
    ['run.failed', [['run.failed', { tasks: {}, error: 'E' }]], { status: 'failed', error: 'E' }],
    ['run.cancelled', [['run.cancelled', { tasks: {}, error: null }]], { status: 'cancelled', shown: 'cancelled' }],
  ])('%s', (_name, events, expected) => {
    const { run, changes } = after(events, {}, { status: 'pending', started_at: null, owner: null });
    expect(run).toMatchObject(expected);
    expect(changes).toEqual({ taskIds: new Set(), run: true });
  });
});

describe('waiting', () => {
  const edge = (id: string, required = true) => ({ id, required });
  const tree = () =>
    fromSnapshot(
      snapshot(0, [
        taskRecord('a'),
        taskRecord('b'),
        taskRecord('c', { dependencies: [edge('a'), edge('b', false)] }),
        taskRecord('d', { dependencies: [edge('c')] }),
      ]),
    );

  it('ends when the last dependency has ended, however', () => {
    const state = tree();
    expect(state.counts).toMatchObject({ pending: 2, waiting: 2 });
    const first = apply(state, event(1, 'task.completed', 'a', { attempt: 0 }));
    expect(first.taskIds).toEqual(new Set(['a', 'c']));
    expect(state.tasks.get('c')).toMatchObject({ shown: 'waiting', unmet: 1 });
    apply(state, event(2, 'task.failed', 'b', { attempt: 0, error: 'E', error_type: 'x' }));
    expect(state.tasks.get('c')).toMatchObject({ shown: 'pending', unmet: 0 });
    expect(state.counts).toMatchObject({ pending: 1, waiting: 1, completed: 1, failed: 1 });
  });

  it('begins again when a dependency is put back', () => {
    const state = tree();
    applyAll(state, [
      event(1, 'task.completed', 'a', { attempt: 0 }),
      event(2, 'task.failed', 'b', { attempt: 0, error: 'E', error_type: 'x' }),
    ]);
    const changes = apply(state, event(3, 'task.requeued', 'b', { by: null }));
    expect(changes.taskIds).toEqual(new Set(['b', 'c']));
    expect(state.tasks.get('c')!.shown).toBe('waiting');
  });
});

describe('events that change nothing', () => {
  it.each([
    ['is in the snapshot', event(5, 'task.started', 'a', { attempt: 1 })],
    ['is of a type that is not known', event(6, 'task.painted', 'a')],
    ['is of a task that is not known', event(6, 'task.started', 'z', { attempt: 1 })],
    ['is of the run, and of a type that is not known', event(6, 'run.painted')],
  ])('one that %s', (_name, record) => {
    const state = fromSnapshot(snapshot(5, [taskRecord('a')]));
    expect(apply(state, record)).toEqual(noChanges());
    expect(state.tasks.get('a')!.status).toBe('pending');
    expect(state.seq).toBe(record.seq);
  });
});

describe('the hooks of a run', () => {
  const call = (hook: string, more: Data = {}) => ({ hook, event: 'on_tree_started', ms: 3, ...more });
  const read = { error: null, slow: false, changed: [] };

  it('are those of the snapshot, and of every event after it', () => {
    const { run, changes } = after([['run.hooks', { hooks: [call('late', { slow: true, ms: 2000 }), call('bad', { error: 'E' })] }]], {}, { hooks: [call('first')] });
    expect(run.hooks).toEqual([
      { ...call('first'), ...read },
      { ...call('late'), ...read, ms: 2000, slow: true },
      { ...call('bad'), ...read, error: 'E' },
    ]);
    expect(countHookCalls(run.hooks)).toEqual({ failed: 1, slow: 1 });
    expect(changes.run).toBe(true);
  });

  it('that failed and were slow are counted once', () => {
    expect(countHookCalls(readHookCalls([call('both', { error: 'E', slow: true })]))).toEqual({ failed: 1, slow: 0 });
  });

  it('are bounded, the newest are kept', () => {
    const { run } = after([['run.hooks', { hooks: Array.from({ length: 700 }, (_, index) => call(`h${index}`)) }]]);
    expect([run.hooks.length, run.hooks[0]?.hook, run.hooks.at(-1)?.hook]).toEqual([500, 'h200', 'h699']);
  });

  it.each<[JSONValue | undefined]>([[undefined], [null], ['x'], [{}], [[1, null, 'x', []]]])('that are none (%j) are passed over', (told) => {
    expect(readHookCalls(told)).toEqual([]);
  });

  it('are bare where a call says nothing that is right', () => {
    expect(readHookCalls([{ hook: 1, event: null, ms: 'x', error: 2, slow: 'x', changed: [1, 'a'] }])).toEqual([{ hook: '', event: '', ms: 0, ...read, changed: ['a'] }]);
  });
});
