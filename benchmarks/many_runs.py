"""A great many finished runs of the last seven days, put into the database by one statement for each table."""

from __future__ import annotations

from typing import Any, Final

from django.db import connection

from orchestration.engine.duration_scale import bucket_of
from orchestration.engine.executor_counts import BUCKETS

_RUNS: Final = """
INSERT INTO orchestration_run (id, tree_id, tree_name, tree_version, status, priority, trigger, parameters, task_count,
    queued_at, started_at, finished_at, error, epoch, last_seq, paused, timed_out, cancel_reason)
SELECT gen_random_uuid(), CASE WHEN n %% 20 < 2 THEN %(tree)s::uuid END, 'Nightly ' || n %% 50, 1,
    CASE n %% 20 WHEN 0 THEN 'failed' ELSE 'completed' END, 2, CASE n %% 3 WHEN 0 THEN 'schedule' ELSE 'manual' END,
    '{"day": "today"}', 3, now() - make_interval(secs => n * 6), now() - make_interval(secs => n * 6 - 1),
    now() - make_interval(secs => n * 6 - 3), CASE n %% 20 WHEN 0 THEN 'It broke' END, 1, 4, false, false, ''
FROM generate_series(1, %(count)s) n
"""

_TASK_RUNS: Final = """
INSERT INTO orchestration_taskrun (run_id, task_uid, ordinal, name, executor, priority, inputs, params, schemas,
    dependencies, retry, enabled, status, result, error, progress, progress_message, attempt, uncounted_attempts,
    worker_losses, started_at, finished_at)
SELECT id, 'load ' || k, k, 'Load', (ARRAY['echo', 'rest_executor', 'sleep'])[k + 1], 2, '{"n": 1}', '{}', '{}', '[]',
    '{}', true, status, '{"rows": 17}', error, 1, '', 1, 0, 0, started_at, finished_at
FROM orchestration_run CROSS JOIN generate_series(0, 2) k
"""

# What workers would have counted of them: each took two seconds.
_USES: Final = """
INSERT INTO orchestration_executoruse (executor, day, runs, failures, buckets)
SELECT executor, (finished_at AT TIME ZONE 'UTC')::date, count(*), count(*) FILTER (WHERE status = 'failed'),
       array_fill(0, ARRAY[%(before)s]) || count(*)::int || array_fill(0, ARRAY[%(behind)s])
FROM orchestration_taskrun GROUP BY 1, 2
"""


def add_runs(count: int, tree: Any = None) -> None:
    """Add `count` runs of three tasks each, six seconds apart, one in twenty of them failed and one in ten of `tree`.

    The tables must have no others.
    """
    with connection.cursor() as cursor:
        cursor.execute(_RUNS, {"count": count, "tree": tree})
        cursor.execute(_TASK_RUNS)
        place = bucket_of(2_000, BUCKETS)
        cursor.execute(_USES, {"before": place, "behind": BUCKETS - 1 - place})
        cursor.execute("ANALYZE orchestration_run, orchestration_taskrun, orchestration_executoruse")
