"""Workers in the admin: what is shown of the living and the lost, and who may drain and resume them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from orchestration.engine.metrics import Metrics
from orchestration.engine.status import Status
from orchestration.models import AuditEntry, Run, TakeOver, TaskAttempt, TaskRun, Worker
from tests.pages.scene import HOSTILE, make_run, make_tree, make_user, make_worker

pytestmark = pytest.mark.django_db


def signed_in(name: str, *roles: str, **options: Any) -> Client:
    user = make_user(name, **options)
    user.groups.set(Group.objects.filter(name__in=roles))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def browser() -> Client:
    return signed_in("ada", is_superuser=True, is_staff=True)


def page_of(browser: Client, worker: Worker) -> str:
    """The page of a worker, without what lays it out."""
    html = browser.get(reverse("admin:orchestration_worker_change", args=[worker.pk])).content.decode()
    return " ".join(html.split())


def make_gone(name: str, ago: timedelta, **fields: Any) -> Worker:
    at = timezone.now() - ago
    times = {"started_at": at, "heartbeat_at": at, "lease_expires_at": at + timedelta(seconds=10)}
    return make_worker(name, running=2, **(times | fields))


def make_states() -> dict[str, Worker]:
    """A worker in each state."""
    now = timezone.now()
    drained = {"draining": True, "drained_at": now, "drain_reason": "A new kernel"}
    return {
        "live": make_worker("alive"),
        "draining": make_worker("busy still", **drained),
        "drained": make_worker("idle", running=0, **drained),
        "stopped": make_gone("over", timedelta(hours=2), stopped_at=now),
        "lost": make_gone("vanished", timedelta(minutes=3)),
    }


def test_states_are_words_and_can_be_filtered(browser: Client) -> None:
    workers = make_states()
    url = reverse("admin:orchestration_worker_changelist")
    rows = {row.name: row.state for row in browser.get(url).context["cl"].result_list}
    assert rows == {worker.name: state for state, worker in workers.items()}
    # The living come first, also when others started later.
    assert list(rows)[-2:] == ["vanished", "over"]
    for state, worker in workers.items():
        found = browser.get(url, {"state": state}).context["cl"].result_list
        assert [row.pk for row in found] == [worker.pk]
        assert f">{Worker.State(state).label}</span>" in page_of(browser, worker)
    found = browser.get(url, {"q": "4711"}).context["cl"].result_list
    assert len(found) == 5


def test_a_heartbeat_is_on_time_late_or_silent(browser: Client) -> None:
    now = timezone.now()
    late = make_worker("late", heartbeat_at=now - timedelta(seconds=80), lease_expires_at=now + timedelta(seconds=20))
    assert ">on time</span>" in page_of(browser, make_worker())
    assert re.search(r">late</span>, <span data-ago>1 m [23]\d s ago", page_of(browser, late))
    page = page_of(browser, make_gone("gone", timedelta(minutes=3)))
    assert re.search(r">silent</span>, <span data-ago>3 m \d\d s ago", page)
    over = make_gone("over", timedelta(minutes=3), stopped_at=timezone.now())
    assert re.search(r"signed off 3 m \d\d s ago", page_of(browser, over))


def test_another_version_is_warned_about(browser: Client) -> None:
    old = make_worker("old", version="0.0.9")
    assert "the web runs 0.1.0" in page_of(browser, old)
    assert "0.0.9, the web runs 0.1.0" in browser.get(reverse("admin:orchestration_worker_changelist")).content.decode()
    assert "the web runs" not in page_of(browser, make_worker())


def test_what_runs_there(browser: Client) -> None:
    worker = make_worker(HOSTILE, executors=["echo", HOSTILE])
    metrics = Metrics()
    metrics.starts.update({"echo": 1200, "sleep": 3})
    metrics.outcomes.update({("echo", "completed"): 1190, ("echo", "failed"): 9})
    for value in (0.004, 0.004, 0.02):
        metrics.start_latency.observe(value)
    metrics.flush_rows.observe(6)
    metrics.flush_duration.observe(0.012)
    Worker.objects.filter(pk=worker.pk).update(metrics=metrics.snapshot())
    run = make_run(make_tree(HOSTILE), Status.IN_PROGRESS, tasks=2, owner=worker)
    TaskRun.objects.filter(run=run, ordinal=0).update(worker=worker, name=HOSTILE)
    page = page_of(browser, worker)
    task = run.task_runs.get(ordinal=0)
    assert "<script>alert" not in page
    assert reverse("task-run", args=[run.pk, task.pk]) in page
    assert reverse("task-run", args=[run.pk, run.task_runs.get(ordinal=1).pk]) not in page
    assert run.get_absolute_url() in page
    assert "1,203: 1,200 echo, 3 sleep" in page
    assert "1,199: 1,190 completed, 9 failed" in page
    assert "half within 5 ms, 95 % within 25 ms" in page
    assert "1, of 6.0 rows and 12 ms on average" in page
    assert f"{reverse('admin:orchestration_executorconfig_changelist')}?q=echo" in page


def test_a_lost_worker_shows_what_it_held_and_what_became_of_it(browser: Client) -> None:
    lost, other = make_gone("vanished", timedelta(minutes=3)), make_worker("rescuer")
    again = make_worker("vanished again", predecessor=lost)
    waits = make_run(None, Status.IN_PROGRESS, tasks=1, owner=lost, tree_name="Still waiting")
    run = make_run(None, Status.COMPLETED, tasks=3, tree_name="Rescued")
    first, second, third = run.task_runs.order_by("ordinal")
    TakeOver.objects.create(run=run, lost=lost, taken_by=other, epoch=2, at=timezone.now())
    TaskAttempt.objects.create(task_run=first, attempt=1, reason="worker_lost", finished_at=timezone.now(), worker=lost)
    failed = {"status": "failed", "error": "It was lost", "worker": lost}
    TaskRun.objects.filter(pk=second.pk).update(error_type="outcome_unknown", **failed)
    page = page_of(browser, lost)
    assert f'the process goes on as <a href="{reverse("admin:orchestration_worker_change", args=[again.pk])}"' in page
    for found in (waits.get_absolute_url(), run.get_absolute_url(), "rescuer</a>"):
        assert found in page
    assert f"{first.name}</a>, attempt 1: run again, now completed" in page
    assert f"{second.name}</a>, attempt 1: may not be run twice, so it failed" in page
    assert f"{third.name}</a>" not in page
    assert "vanished</a>" in page_of(browser, other)
    assert "Drain…" not in page


def test_administrators_drain_and_resume(browser: Client) -> None:
    worker = make_worker()
    drain = reverse("admin:orchestration_worker_drain", args=[worker.pk])
    resume = reverse("admin:orchestration_worker_resume", args=[worker.pk])
    assert drain in page_of(browser, worker)
    assert "No other worker takes runs" in browser.get(drain).content.decode()
    worker.refresh_from_db()
    assert not worker.draining
    for _ in range(2):
        answer = browser.post(drain, {"reason": f"A new kernel {HOSTILE}"}, follow=True)
        assert "takes no more runs until it is resumed" in answer.content.decode()
    worker.refresh_from_db()
    assert (worker.draining, worker.drain_reason) == (True, f"A new kernel {HOSTILE}")
    assert AuditEntry.objects.get(act="worker.drain").username == "ada"
    assert resume in page_of(browser, worker)
    assert browser.get(resume).status_code == 302
    browser.post(resume)
    worker.refresh_from_db()
    assert (worker.draining, worker.drained_at, worker.drained_by, worker.drain_reason) == (False, None, None, "")
    assert AuditEntry.objects.filter(act="worker.resume").count() == 1
    history = browser.get(reverse("admin:orchestration_worker_history", args=[worker.pk])).content.decode()
    assert "It takes runs again." in history
    Worker.objects.update(lease_expires_at=timezone.now())
    assert "was lost" in browser.post(drain, follow=True).content.decode()
    assert browser.post(reverse("admin:orchestration_worker_drain", args=[make_run(None).pk])).status_code == 404


@pytest.mark.parametrize("role", ["viewer", "operator", "editor"])
@pytest.mark.parametrize("staff", [False, True])
def test_others_do_not(role: str, staff: bool) -> None:
    worker = make_worker()
    browser = signed_in("someone", role, is_staff=staff)
    for act in ("drain", "resume"):
        for method in (browser.get, browser.post):
            answer = method(reverse(f"admin:orchestration_worker_{act}", args=[worker.pk]))
            assert answer.status_code == 403 or (not staff and answer.status_code == 302)
    worker.refresh_from_db()
    assert not worker.draining


def test_staff_who_look_see_their_own_runs_only(browser: Client) -> None:
    worker = make_worker()
    run = make_run(make_tree("Hidden", visibility="private"), Status.IN_PROGRESS, tasks=1, owner=worker)
    TaskRun.objects.filter(run=run).update(worker=worker)
    staff = make_user("sue", is_staff=True)
    staff.user_permissions.add(Permission.objects.get(codename="view_worker"))
    client = Client()
    client.force_login(staff)
    page = page_of(client, worker)
    assert "Hidden" not in page
    assert "And 1 of trees that are not shared with you" in page
    assert "Drain…" not in page
    assert Run.objects.count() == 1


def test_ten_thousand_old_workers_take_few_queries(browser: Client, django_assert_max_num_queries: Any) -> None:
    at = timezone.now() - timedelta(days=1)
    times = {"started_at": at, "heartbeat_at": at, "lease_expires_at": at, "stopped_at": at}
    Worker.objects.bulk_create(
        Worker(name=f"old {n}", host="h", pid=n, version="0.0.1", slots=1, **times) for n in range(10_000)
    )
    worker = make_worker("alive")
    with django_assert_max_num_queries(12):
        answer = browser.get(reverse("admin:orchestration_worker_changelist"))
    assert answer.context["cl"].result_list[0].pk == worker.pk
    with django_assert_max_num_queries(25):
        page_of(browser, worker)
