"""What machines ask the site: /healthz, /readyz, /metrics."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError
from django.test import Client, override_settings

from orchestration.engine.metrics import Metrics, merge
from orchestration.models import Worker

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def live_worker(**fields: object) -> Worker:
    now = datetime.now(UTC)
    values: dict[str, object] = {"name": "w", "host": "h", "pid": 1, "version": "1", "slots": 10, "started_at": now}
    values |= {"heartbeat_at": now, "lease_expires_at": now + timedelta(minutes=5), **fields}
    return Worker.objects.create(**values)


def test_healthz_answers_without_a_login(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


def test_readyz_names_the_missing_worker(client: Client) -> None:
    response = client.get("/readyz")
    assert response.status_code == 503
    assert "manage.py worker" in response.json()["checks"]["worker"]
    assert response.json()["checks"]["database"] == response.json()["checks"]["migrations"] == "ok"


def test_readyz_is_ok_with_a_live_worker_and_not_with_a_draining_one(client: Client) -> None:
    worker = live_worker(draining=True)
    assert client.get("/readyz").status_code == 503
    Worker.objects.filter(pk=worker.pk).update(draining=False)
    assert client.get("/readyz").status_code == 200


def test_readyz_survives_a_database_that_is_away(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> bool:
        raise OperationalError("gone")

    for name in ("answers", "is_migrated", "has_live_worker"):
        monkeypatch.setattr(f"orchestration.pages.health.{name}", away)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert set(response.json()["checks"].values()) == {"the database does not answer"}


def test_metrics_add_up_what_all_workers_counted(client: Client) -> None:
    for starts in (2, 3):
        metrics = Metrics()
        metrics.starts["echo"] = starts
        metrics.outcomes["echo", "completed"] = starts
        metrics.start_latency.observe(0.02)
        live_worker(metrics=json.loads(json.dumps(metrics.snapshot())))
    text = client.get("/metrics").content.decode()
    assert 'apflow_task_starts_total{executor="echo"} 5' in text
    assert 'apflow_task_outcomes_total{executor="echo",outcome="completed"} 5' in text
    assert 'apflow_start_latency_seconds_bucket{le="0.025"} 2' in text
    assert 'apflow_start_latency_seconds_bucket{le="0.01"} 0' in text
    assert "apflow_start_latency_seconds_count 2" in text
    assert "apflow_slots 20" in text


def test_every_sample_of_the_metrics_has_its_type(client: Client) -> None:
    live_worker(metrics=Metrics().snapshot())
    lines = client.get("/metrics").content.decode().splitlines()
    typed = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    for line in lines:
        if not line.startswith("#"):
            name = line.split("{")[0].split()[0]
            base = name.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count")
            assert name in typed or base in typed, line
            float(line.rsplit(" ", 1)[1])


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 403), ({"Authorization": "Bearer wrong"}, 403), ({"Authorization": "Bearer right"}, 200)],
)
def test_metrics_ask_for_the_token_where_one_is_set(client: Client, headers: dict[str, str], status: int) -> None:
    with override_settings(APFLOW_METRICS_TOKEN="right"):
        assert client.get("/metrics", headers=headers).status_code == status


def test_metrics_are_not_for_what_came_through_a_proxy(client: Client) -> None:
    assert client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.5"}).status_code == 403
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.5").status_code == 403


def test_merging_nothing_is_an_engine_that_did_nothing() -> None:
    assert merge([]) == Metrics().snapshot()
