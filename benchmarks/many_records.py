"""What a busy installation writes beside its runs: fires of schedules, deliveries, requests, the audit trail."""

from __future__ import annotations

from typing import Any, Final

from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from orchestration.models import IncomingWebhook, OutgoingWebhook, Schedule, Tree

_SCHEDULES: Final = 20

_FIRES: Final = """
INSERT INTO orchestration_schedulefire (schedule_id, due_at, at, count, outcome, reason, by_hand, run_id)
SELECT (%(schedules)s::uuid[])[n %% %(count)s + 1], queued_at, queued_at, 1,
       CASE n %% 1000 WHEN 0 THEN 'missed' ELSE 'started' END, '', false, id
FROM (SELECT id, queued_at, row_number() OVER (ORDER BY queued_at) AS n FROM orchestration_run) r
"""

_DELIVERIES: Final = """
INSERT INTO orchestration_webhookdelivery (id, webhook_id, event, key, payload, status, attempts, tries_left,
    created_at, ended_at)
SELECT gen_random_uuid(), %(webhook)s, 'on_tree_completed', id::text, '{}',
       CASE status WHEN 'failed' THEN 'failed' ELSE 'delivered' END, 1, 0, finished_at, finished_at
FROM orchestration_run
"""

_RECEIPTS: Final = """
INSERT INTO orchestration_webhookreceipt (webhook_id, at, last_at, count, outcome, reason, key, body_bytes, body_digest,
    run_id)
SELECT %(webhook)s, queued_at, queued_at, 1, CASE status WHEN 'failed' THEN 'limited' ELSE 'started' END, '',
       id::text, 2, '', id
FROM (SELECT * FROM orchestration_run ORDER BY queued_at) r
"""

_ENTRIES: Final = """
INSERT INTO orchestration_auditentry (at, user_id, username, via, token, act, subject_type, subject_id, subject, reason,
    detail)
SELECT queued_at, %(user)s, 'ada', 'page', '', 'run.start', 'run', id::text, tree_name, '', '{}'
FROM (SELECT * FROM orchestration_run ORDER BY queued_at) r
"""


def add_records(user: User, tree: Tree) -> None:
    """Add one of each for every run there is."""
    due = {"kind": "cron", "expression": "0 1 * * *", "timezone": "UTC"}
    schedules = [Schedule.objects.create(name=f"s{n}", tree=tree, **due) for n in range(_SCHEDULES)]
    signed = {"sealed_secret": "never opened", "secret_set_at": timezone.now()}
    told = OutgoingWebhook.objects.create(name="crm", url="https://example.org/in", **signed)
    heard = IncomingWebhook.objects.create(name="ci", tree=tree, responsible=user, scheme="none", digest="d" * 64)
    values: dict[str, Any] = {
        "schedules": [schedule.pk for schedule in schedules],
        "count": len(schedules),
        "user": user.pk,
    }
    with connection.cursor() as cursor:
        cursor.execute(_FIRES, values)
        cursor.execute(_DELIVERIES, {"webhook": told.pk})
        cursor.execute(_RECEIPTS, {"webhook": heard.pk})
        cursor.execute(_ENTRIES, values)
        cursor.execute("ANALYZE")


def remove_records() -> None:
    """Take all runs away, and what stands beside them."""
    names = ("run", "executoruse", "auditentry", "schedulefire", "webhookdelivery", "webhookreceipt")
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # the audit trail objects otherwise
        cursor.execute(f"TRUNCATE {', '.join(f'orchestration_{name}' for name in names)} CASCADE")
        cursor.execute("SET session_replication_role = origin")
    for model in (Schedule, OutgoingWebhook, IncomingWebhook):
        model.objects.all().delete()
