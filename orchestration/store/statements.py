"""The engine's SQL, one named statement each. The letters in `json_to_recordset` are the keys in `engine_store`."""

from __future__ import annotations

from typing import Final

#: Channel on which new runs and commands are hinted at.
CHANNEL: Final = "apflow_work"
#: Channel on which committed events are hinted at; the web processes listen.
EVENTS_CHANNEL: Final = "apflow_events"

LISTEN: Final = f"LISTEN {CHANNEL}"
WAKE_WORKERS: Final = f"SELECT pg_notify('{CHANNEL}', '')"

REGISTER_WORKER: Final = """
INSERT INTO orchestration_worker
    (id, name, host, pid, version, slots, executors, accepts_runs, hooks, running, metrics,
     started_at, heartbeat_at, lease_expires_at, draining, drained_at, drained_by_id, drain_reason, predecessor_id)
SELECT gen_random_uuid(), %s, %s, %s, %s, %s, %s, %s, %s, 0, '{}',
       clock_timestamp(), clock_timestamp(), clock_timestamp() + make_interval(secs => %s),
       COALESCE(p.draining, false), p.drained_at, p.drained_by_id, COALESCE(p.drain_reason, ''), p.id
FROM (SELECT 1) AS one LEFT JOIN orchestration_worker p ON p.id = %s
RETURNING id
"""

BEAT: Final = """
WITH beaten AS (
    UPDATE orchestration_worker
    SET heartbeat_at = clock_timestamp(), lease_expires_at = clock_timestamp() + make_interval(secs => %s),
        running = %s, metrics = %s::jsonb
    WHERE id = %s AND stopped_at IS NULL AND lease_expires_at > clock_timestamp()
    RETURNING id
)
SELECT clock_timestamp(), EXISTS (SELECT 1 FROM beaten)
"""

OFFER: Final = "UPDATE orchestration_worker SET executors = %s WHERE id = %s"

# The log of a run that has ended is closed to its owner, and open to what its hooks came to.
LATE_EVENT: Final = """
WITH run AS (
    UPDATE orchestration_run SET last_seq = last_seq + 1
    WHERE id = %s AND epoch = %s AND status IN ('completed', 'failed', 'cancelled') RETURNING id, last_seq
)
INSERT INTO orchestration_runevent (run_id, seq, type, data, at)
SELECT id, last_seq, %s, %s::jsonb, %s FROM run
"""

IS_DRAINED: Final = "SELECT draining FROM orchestration_worker WHERE id = %s"

RETIRE_WORKER: Final = """
WITH retired AS (
    UPDATE orchestration_worker
    SET stopped_at = clock_timestamp(), lease_expires_at = clock_timestamp(), running = 0
    WHERE id = %s RETURNING id
)
UPDATE orchestration_run SET owner_id = NULL FROM retired
WHERE owner_id = retired.id AND status IN ('pending', 'in_progress')
"""

RUN_COLUMNS: Final = """r.id, r.epoch, r.tree_id, r.tree_name, r.status, r.priority, r.trigger, r.parameters::text,
          r.max_concurrency, r.timeout_seconds, r.last_seq, r.paused, r.timed_out,
          r.cancel_requested_at IS NOT NULL, r.cancel_reason, r.queued_at, r.started_at,
          (SELECT t.tags FROM orchestration_tree t WHERE t.id = r.tree_id),
          CASE WHEN r.finished_at IS NULL THEN r.error END"""

# Leases are compared with the moment at which the statement began: what it reads is as old as that, and a lease that
# was good then may have been extended since.
_NOBODY_OWNS: Final = """(r.owner_id IS NULL OR EXISTS (
        SELECT 1 FROM orchestration_worker w WHERE w.id = r.owner_id AND w.lease_expires_at <= statement_timestamp()
    ))"""

# A worker whose own lease is over without its knowledge, after a suspend of the machine say, must not claim its own
# runs once more: it is about to give them up.
_CLAIMER: Final = """EXISTS (
        SELECT 1 FROM orchestration_worker me
        WHERE me.id = %s AND me.stopped_at IS NULL AND me.lease_expires_at > statement_timestamp(){further}
    )"""

# Whoever takes a run over from a worker that was lost leaves a note of it: the log has no room for another worker.
_TAKEN_OVER: Final = """taken AS (
    INSERT INTO orchestration_takeover (run_id, lost_id, epoch, taken_by_id, at)
    SELECT c.id, c.lost, c.epoch + 1, c.claimer, clock_timestamp() FROM candidate c
    WHERE c.lost IS NOT NULL AND c.lost <> c.claimer
)"""
_CANDIDATE: Final = "r.id, r.epoch, r.owner_id AS lost, %s::uuid AS claimer"

# NO KEY: a row that refers to the run (a new command, say) locks its key, and must not make a claim pass it by.
# A worker that was drained gets nothing from the moment on at which that was committed.
CLAIM: Final = f"""
WITH candidate AS MATERIALIZED (
    SELECT {_CANDIDATE} FROM orchestration_run r
    WHERE r.status IN ('pending', 'in_progress') AND {_NOBODY_OWNS}
      AND {_CLAIMER.format(further=" AND NOT me.draining")}
    ORDER BY r.priority, r.queued_at
    LIMIT %s
    FOR NO KEY UPDATE OF r SKIP LOCKED
), {_TAKEN_OVER}
UPDATE orchestration_run r SET owner_id = %s, epoch = r.epoch + 1
FROM candidate WHERE r.id = candidate.id
RETURNING {RUN_COLUMNS}
"""

CLAIM_ONE: Final = f"""
WITH candidate AS MATERIALIZED (
    SELECT {_CANDIDATE} FROM orchestration_run r
    WHERE r.id = %s AND r.status IN ('pending', 'in_progress') AND (r.owner_id = %s OR {_NOBODY_OWNS})
      AND {_CLAIMER.format(further="")}
    FOR NO KEY UPDATE OF r
), {_TAKEN_OVER}
UPDATE orchestration_run r SET owner_id = %s, epoch = r.epoch + 1
FROM candidate WHERE r.id = candidate.id
RETURNING {RUN_COLUMNS}
"""

LOAD_TASKS: Final = """
SELECT run_id, id, task_uid, name, executor, parent_uid, priority, inputs::text, params::text, schemas::text,
       dependencies::text, timeout_seconds, retry::text, enabled, (pinned -> 'result')::text, status,
       CASE WHEN status = 'completed' THEN result::text END, error, error_type, first_cause_uid,
       attempt, uncounted_attempts, worker_losses, next_attempt_at, started_at, cancel_reason
FROM orchestration_taskrun WHERE run_id = ANY(%s::uuid[]) ORDER BY run_id, ordinal
"""

OPEN_COMMANDS: Final = """
SELECT c.id, c.run_id, c.kind, c.task_run_id, c.data, c.reason, u.username
FROM orchestration_runcommand c LEFT JOIN auth_user u ON u.id = c.requested_by_id
WHERE c.run_id = ANY(%s::uuid[]) AND c.handled_at IS NULL ORDER BY c.id
"""

_FENCE_ROWS: Final = """json_to_recordset(%s::json) AS x(
    r uuid, h int, b bigint, q bigint, s text, t timestamptz, f timestamptz, e text, p boolean, i int, c timestamptz,
    m text, o boolean, x boolean)"""

FENCE: Final = f"""
UPDATE orchestration_run r
SET last_seq = x.q, status = COALESCE(x.s, r.status), started_at = COALESCE(r.started_at, x.t),
    finished_at = COALESCE(x.f, r.finished_at), error = COALESCE(x.e, r.error), paused = COALESCE(x.p, r.paused),
    priority = COALESCE(x.i, r.priority), timed_out = COALESCE(x.x, r.timed_out),
    cancel_requested_at = COALESCE(r.cancel_requested_at, x.c),
    cancel_reason = COALESCE(x.m, r.cancel_reason), owner_id = CASE WHEN x.o THEN NULL ELSE r.owner_id END
FROM {_FENCE_ROWS}
WHERE r.id = x.r AND r.epoch = x.h AND r.last_seq = x.b AND r.owner_id = %s
RETURNING r.id
"""

ALREADY_WRITTEN: Final = f"""
SELECT r.id FROM orchestration_run r, {_FENCE_ROWS}
WHERE r.id = x.r AND r.epoch = x.h AND r.last_seq = x.q AND x.q > x.b
"""

COMPLETE: Final = """
UPDATE orchestration_taskrun t
SET status = 'completed', result = COALESCE(x.r, 'null'::jsonb), resolved_inputs = x.v, finished_at = x.t, progress = 1
FROM json_to_recordset(%s::json) AS x(i bigint, a int, r jsonb, v jsonb, t timestamptz)
WHERE t.id = x.i AND t.attempt = x.a AND t.status = 'in_progress'
"""

MOVE: Final = """
UPDATE orchestration_taskrun t
SET status = x.s,
    result = CASE WHEN x.h THEN COALESCE(x.r, 'null'::jsonb) ELSE t.result END,
    resolved_inputs = COALESCE(x.v, t.resolved_inputs),
    error = x.e, error_type = x.y, first_cause_uid = x.c, next_attempt_at = x.n,
    uncounted_attempts = x.u, worker_losses = x.l,
    finished_at = CASE WHEN x.s = 'pending' THEN NULL ELSE x.t END,
    started_at = CASE WHEN x.s = 'pending' THEN NULL ELSE t.started_at END,
    worker_id = CASE WHEN x.s = 'pending' THEN NULL ELSE t.worker_id END,
    progress = CASE x.s WHEN 'pending' THEN 0 WHEN 'completed' THEN 1 ELSE t.progress END
FROM json_to_recordset(%s::json) AS x(
    i bigint, a int, x text, s text, t timestamptz, e text, y text, c text, n timestamptz, u int, l int, h boolean,
    r jsonb, v jsonb)
WHERE t.id = x.i AND t.attempt = x.a AND t.status = x.x
"""

START: Final = """
UPDATE orchestration_taskrun t
SET status = 'in_progress', attempt = x.a, executor = x.e, started_at = x.t, worker_id = %s,
    next_attempt_at = NULL, progress = 0, progress_message = ''
FROM json_to_recordset(%s::json) AS x(i bigint, a int, e text, t timestamptz)
WHERE t.id = x.i AND t.attempt = x.a - 1 AND t.status = 'pending'
"""

# The hint is part of the statement, so that it costs no round trip; PostgreSQL gives it out after the commit.
EVENTS: Final = f"""
WITH added AS (
    INSERT INTO orchestration_runevent (run_id, seq, type, task_run_id, data, at)
    SELECT x.r, x.q, x.y, x.i, x.d, x.t
    FROM json_to_recordset(%s::json) AS x(r uuid, q bigint, y text, i bigint, d jsonb, t timestamptz)
)
SELECT pg_notify('{EVENTS_CHANNEL}', '')
"""

ATTEMPTS: Final = """
INSERT INTO orchestration_taskattempt
    (task_run_id, attempt, reason, error, error_type, started_at, finished_at, worker_id)
SELECT x.task_run, x.attempt, x.reason, x.error, x.error_type, x.started_at, x.finished_at,
       -- Who writes of a lost attempt is not who ran it.
       CASE WHEN x.reason = 'worker_lost' THEN (
           SELECT o.lost_id FROM orchestration_takeover o JOIN orchestration_taskrun t ON t.run_id = o.run_id
           WHERE t.id = x.task_run ORDER BY o.epoch DESC LIMIT 1
       ) ELSE %s::uuid END
FROM json_to_recordset(%s::json) AS x(
    task_run bigint, attempt int, reason text, error text, error_type text,
    started_at timestamptz, finished_at timestamptz)
"""

EDIT: Final = """
UPDATE orchestration_taskrun
SET priority = COALESCE(%s, priority), inputs = COALESCE(%s::jsonb, inputs), cancel_reason = COALESCE(%s, cancel_reason)
WHERE id = %s
"""

# One that was inserted for its owner has no epoch yet: its owner is about to adopt it.
CLAIMED: Final = """
SELECT id, epoch FROM orchestration_run WHERE owner_id = %s AND epoch > 0 AND status IN ('pending', 'in_progress')
"""

GIVE_BACK: Final = """
UPDATE orchestration_run SET owner_id = NULL
WHERE id = %s AND owner_id = %s AND epoch = %s AND status IN ('pending', 'in_progress')
"""

# A beat that hangs behind a lock or a stalled server must fail while the lease still holds.
BEAT_TIMEOUT: Final = "SELECT set_config('statement_timeout', %s, true), set_config('lock_timeout', %s, true)"

HANDLED: Final = """
UPDATE orchestration_runcommand c SET handled_at = clock_timestamp(), answer = x.a
FROM json_to_recordset(%s::json) AS x(i bigint, a text) WHERE c.id = x.i
"""

# A row that is gone (a deleted run) takes its late log lines with it.
LOGS: Final = """
INSERT INTO orchestration_tasklog (task_run_id, attempt, level, logger, message, at)
SELECT x.task_run, x.attempt, x.level, x.logger, x.message, x.at
FROM json_to_recordset(%s::json) AS x(
    task_run bigint, attempt int, level int, logger text, message text, at timestamptz)
WHERE EXISTS (SELECT 1 FROM orchestration_taskrun t WHERE t.id = x.task_run)
"""

PROGRESS: Final = """
UPDATE orchestration_taskrun t
SET progress = x.p, progress_message = x.m, resolved_inputs = COALESCE(x.v, t.resolved_inputs)
FROM json_to_recordset(%s::json) AS x(i bigint, a int, p double precision, m text, v jsonb)
WHERE t.id = x.i AND t.attempt = x.a AND t.status = 'in_progress'
"""
