"""For machines: is the process alive, can it serve, and what do the engines count."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator
from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from orchestration.store.health import answers, has_live_worker, is_migrated, read_metrics

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", ""})


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Say that the process answers."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Say whether runs can be started and will be run: database, migrations, a live worker. 503 when not."""
    checks: dict[str, str] = {}
    for name, check, otherwise in (
        ("database", answers, "does not answer"),
        ("migrations", is_migrated, "are not all applied: manage.py migrate"),
        ("worker", has_live_worker, "none is alive: manage.py worker"),
    ):
        checks[name] = _checked(check, otherwise)
    ready = all(said == "ok" for said in checks.values())
    return JsonResponse({"status": "ok" if ready else "not ready", "checks": checks}, status=200 if ready else 503)


def _checked(check: Callable[[], bool], otherwise: str) -> str:
    try:
        return "ok" if check() else otherwise
    except DatabaseError:
        return "the database does not answer"


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Return the metrics in Prometheus' text format, to this machine or to the bearer of APFLOW_METRICS_TOKEN."""
    if not _may_read(request):
        return HttpResponse(
            "metrics need the bearer token APFLOW_METRICS_TOKEN\n", status=403, content_type="text/plain"
        )
    lines = "\n".join(_lines(read_metrics()))
    return HttpResponse(f"{lines}\n", content_type="text/plain; version=0.0.4; charset=utf-8")


def _may_read(request: HttpRequest) -> bool:
    token = settings.APFLOW_METRICS_TOKEN
    if token:
        return hmac.compare_digest(request.headers.get("Authorization", ""), f"Bearer {token}")
    # A request that came through a proxy looks local and is not.
    return request.META.get("REMOTE_ADDR", "") in _LOOPBACK and "X-Forwarded-For" not in request.headers


def _lines(facts: dict[str, Any]) -> Iterator[str]:
    counted = facts["counted"]
    yield from _gauge("apflow_runs_active", "Runs that have not ended, by status", "status", facts["runs"])
    yield from _gauge("apflow_tasks_active", "Task runs of runs that have not ended", "status", facts["tasks"])
    for name, text in (
        ("oldest_queued_seconds", "Age of the oldest run that nobody has claimed"),
        ("orphaned_runs", "Runs whose worker was lost and that nobody has claimed yet"),
        ("workers", "Workers that are alive"),
        ("slots", "Slots of all live workers"),
        ("slots_taken", "Slots in use"),
    ):
        yield from _head(f"apflow_{name}", text, "gauge")
        yield f"apflow_{name} {facts[name]}"
    yield from _counter("apflow_task_starts_total", "Attempts started, by executor", "executor", counted["starts"])
    yield from _head("apflow_task_outcomes_total", "Attempts ended, by executor and outcome", "counter")
    for executor, status, count in counted["outcomes"]:
        yield f'apflow_task_outcomes_total{{executor="{_escape(executor)}",outcome="{_escape(status)}"}} {count}'
    yield from _counter("apflow_runs_total", "Runs ended, by status", "status", counted["runs"])
    for name in ("leases_lost", "runs_lost", "late_outcomes"):
        yield from _head(f"apflow_{name}_total", name.replace("_", " ").capitalize(), "counter")
        yield f"apflow_{name}_total {counted[name]}"
    yield from _histogram("apflow_queue_seconds", "From the queueing of a run to its claim", counted["queue_time"])
    yield from _histogram("apflow_start_latency_seconds", "From ready to handed to a lane", counted["start_latency"])
    yield from _histogram("apflow_attempt_seconds", "Duration of attempts", counted["attempt_duration"])
    yield from _histogram("apflow_flush_rows", "Rows of one group commit", counted["flush_rows"])
    yield from _histogram("apflow_event_lag_seconds", "From an event to its commit", counted["event_lag"])
    yield from _histogram("apflow_flush_seconds", "Duration of one group commit", counted["flush_duration"])


def _head(name: str, text: str, kind: str) -> Iterator[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"


def _labelled(name: str, label: str, values: dict[str, int]) -> Iterator[str]:
    for value, count in sorted(values.items()):
        yield f'{name}{{{label}="{_escape(value)}"}} {count}'


def _gauge(name: str, text: str, label: str, values: dict[str, int]) -> Iterator[str]:
    yield from _head(name, text, "gauge")
    yield from _labelled(name, label, values)


def _counter(name: str, text: str, label: str, values: dict[str, int]) -> Iterator[str]:
    yield from _head(name, text, "counter")
    yield from _labelled(name, label, values)


def _histogram(name: str, text: str, histogram: dict[str, Any]) -> Iterator[str]:
    yield from _head(name, text, "histogram")
    so_far = 0
    for bound, count in zip([*histogram["bounds"], "+Inf"], histogram["counts"], strict=True):
        so_far += count
        yield f'{name}_bucket{{le="{bound}"}} {so_far}'
    yield f"{name}_sum {histogram['sum']}"
    yield f"{name}_count {so_far}"


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
