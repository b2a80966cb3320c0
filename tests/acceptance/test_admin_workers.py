"""Workers in the admin, in a real browser and with a real worker: look, tick, drain and resume."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from benchmarks.chaos.worker_process import WorkerProcess
from orchestration.engine.metrics import Metrics
from orchestration.engine.status import Status
from orchestration.models import TakeOver, TaskAttempt, TaskRun, Worker
from tests.acceptance.support.looks import LOOKS, grave
from tests.faults.support.bench import database_url
from tests.pages.scene import HOSTILE, Scene, make_run, make_worker

from .test_pages_look import browser, scene, visit  # noqa: F401 - fixtures

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def worker(tmp_path: Path, transactional_db: Any) -> Iterator[WorkerProcess]:
    """A real worker on the test's database."""
    environment = {"DATABASE_URL": database_url(), "APFLOW_DATA_DIR": str(tmp_path), "APFLOW_LEASE_SECONDS": "10"}
    process = WorkerProcess(tmp_path / "worker.log", environment, slots=4, drain_seconds=1).wait_ready()
    yield process
    process.discard()


def make_workers(site: Scene) -> dict[str, Worker]:
    """A worker in each state, with what runs and ran there."""
    now = timezone.now()
    gone = {"started_at": now - timedelta(hours=5), "heartbeat_at": now - timedelta(minutes=4)}
    metrics = Metrics()
    metrics.starts.update({"rest_executor": 1204, "echo": 311, "command_executor": 96})
    metrics.outcomes.update({("rest_executor", "completed"): 1181, ("rest_executor", "failed"): 23})
    metrics.runs.update({"completed": 187, "failed": 4})
    for value in (0.004, 0.004, 0.009, 0.02):
        metrics.start_latency.observe(value)
        metrics.queue_time.observe(value * 10)
        metrics.flush_rows.observe(7)
        metrics.flush_duration.observe(0.003)
    made = {
        "live": make_worker(
            "loader-1:4711", host="loader-1", running=3, metrics=metrics.snapshot(),
            executors=["rest_executor", "echo", "command_executor", "sleep", "aggregate_results_executor"],
        ),
        "draining": make_worker(
            "loader-2:982", host="loader-2", running=1, draining=True, drained_at=now, drained_by=site.tree.owner,
            drain_reason="A new kernel",
        ),
        "drained": make_worker("loader-3:77", host="loader-3", running=0, draining=True, drained_at=now),
        "old": make_worker(HOSTILE, host="loader-4", version="0.0.9", running=40),
        "stopped": make_worker("loader-1:318", **gone, lease_expires_at=now, stopped_at=now),
        "lost": make_worker("loader-5:5120", host="loader-5", **gone, lease_expires_at=now - timedelta(minutes=3)),
    }  # fmt: skip
    for name in ("live", "draining"):
        run = make_run(site.tree, Status.IN_PROGRESS, tasks=2, owner=made[name])
        TaskRun.objects.filter(run=run).update(worker=made[name])
    for status in (Status.COMPLETED, Status.FAILED):
        run = make_run(site.tree, status, tasks=3)
        TakeOver.objects.create(run=run, lost=made["lost"], taken_by=made["live"], epoch=2, at=now)
        TaskAttempt.objects.create(
            task_run=run.task_runs.all()[0], attempt=1, reason="worker_lost", finished_at=now, worker=made["lost"]
        )
    TaskRun.objects.filter(run=run, ordinal=1).update(worker=made["lost"], error_type="outcome_unknown")
    return made


def address(worker: Worker) -> str:
    return reverse("admin:orchestration_worker_change", args=[worker.pk])


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_the_pages_look_right(visit: Any, scene: Scene, width: int, theme: str) -> None:  # noqa: F811
    made = make_workers(scene)
    visitor = visit(width, theme)
    visitor.sign_in("admin")
    places = {
        "workers": "/admin/orchestration/worker/",
        "worker": address(made["live"]),
        "worker-draining": address(made["draining"]),
        "worker-lost": address(made["lost"]),
        "worker-drain": reverse("admin:orchestration_worker_drain", args=[made["live"].pk]),
    }
    for name, place in places.items():
        visitor.go(place)
        visitor.page.wait_for_load_state("networkidle")
        visitor.picture(f"{name}-{width}-{theme}")
        visitor.check()
        assert not grave(visitor.page), name


def test_a_worker_is_drained_and_resumed(visit: Any, scene: Scene, worker: WorkerProcess) -> None:  # noqa: F811
    row = Worker.objects.get(pid=worker.pid)
    visitor = visit()
    visitor.sign_in("admin")
    page = visitor.page
    page.locator(f"#worker-{row.pk}").get_by_role("link", name=row.name).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(row.name)
    state = page.get_by_role("region", name="State")
    expect(state.locator(".status").first).to_have_text("live")
    # The heartbeat ticks by itself, and the page says that it is live.
    expect(page.locator("[data-live]")).to_have_text("Live")
    expect(state.locator("[data-word]")).to_have_text("on time")
    expect(state.locator("[data-ago]")).to_have_text(re.compile("[2-9] s ago"), timeout=20_000)
    expect(state.locator("[data-ago]")).to_have_text(re.compile("[01] s ago"), timeout=20_000)
    page.get_by_role("link", name="Drain…").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Drain {row.name}?")
    page.get_by_label("Why? (optional)").fill("A new kernel")
    page.get_by_role("button", name="Drain this worker").click()
    expect(page.locator(".messagelist")).to_contain_text("takes no more runs until it is resumed")
    expect(state).to_contain_text("Drained by admin")
    expect(state).to_contain_text("A new kernel")
    expect(state.locator(".status").first).to_have_text("drained, idle")
    visitor.go("/")
    expect(page.locator(f"#worker-{row.pk}")).to_contain_text("drained")
    page.locator(f"#worker-{row.pk}").get_by_role("link", name=row.name).click()
    page.get_by_role("button", name="Resume").press("Enter")
    expect(page.locator(".messagelist")).to_contain_text("takes runs again")
    expect(state.locator(".status").first).to_have_text("live")
    # It goes while one looks: the page says it without a reload.
    page.evaluate("window.isTheSamePage = true")
    worker.kill()
    expect(state.locator("[data-word]")).to_have_text("late", timeout=20_000)
    expect(state.locator(".status").first).to_have_text("lost", timeout=20_000)
    assert page.evaluate("window.isTheSamePage")
    assert "drained: this worker takes no more runs" in worker.output
    assert "resumed: this worker takes runs again" in worker.output
    visitor.check()
