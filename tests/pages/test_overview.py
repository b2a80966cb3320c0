"""The overview: figures, recent runs, failures, workers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from orchestration.actions.schedules import create_schedule, pause_all, switch_schedule
from orchestration.engine.status import Status
from orchestration.models import ExecutorConfig

from .conftest import text_of
from .scene import Scene, make_run, make_tree, make_worker


@pytest.mark.django_db
def test_an_empty_site_says_what_to_do(as_viewer: Client) -> None:
    text = text_of(as_viewer.get("/"))
    assert "manage.py worker" in text
    assert "Nothing has run yet" in text
    assert "First make a" in text
    make_tree()
    assert "Choose a tree" in text_of(as_viewer.get("/"))


@pytest.mark.django_db
def test_only_workers_that_take_runs_count(as_viewer: Client) -> None:
    make_worker("draining", draining=True)
    make_worker("sdk", accepts_runs=False)
    make_worker("gone", lease_expires_at=timezone.now() - timedelta(seconds=1))
    text = text_of(as_viewer.get("/"))
    assert "No worker takes runs" in text
    assert "drained: takes no new runs" in text
    assert "gone" not in text
    make_worker("ready")
    assert "No worker takes runs" not in text_of(as_viewer.get("/"))


def test_the_figures(scene: Scene, as_viewer: Client) -> None:
    make_run(scene.tree, Status.COMPLETED, queued_at=timezone.now() - timedelta(days=2))
    context: Any = as_viewer.get("/").context
    assert (context["active_count"], len(context["active"])) == (3, 3)
    assert {state.key: count for state, count in context["finished"]} == {"completed": 1, "failed": 1, "cancelled": 1}
    assert context["capacity"] == {"workers": 2, "slots": 80}


def test_failures_show_their_error(scene: Scene, as_viewer: Client) -> None:
    assert "&#x27;Load&#x27; failed: &lt;script&gt;" in text_of(as_viewer.get("/"))


def test_what_is_due_next_is_shown_to_those_who_may_run(scene: Scene, as_operator: Client, as_viewer: Client) -> None:
    owner = scene.tree.owner
    assert owner is not None
    assert "Nothing is planned" in text_of(as_operator.get("/"))
    for name, expression in (("Later", "7200"), ("Soon", "600"), ("Never", "60")):
        schedule = create_schedule(scene.tree, {"name": name, "kind": "interval", "expression": expression}, user=owner)
    switch_schedule(schedule, False, user=owner)
    due: Any = as_operator.get("/").context["due"]
    assert [schedule.name for schedule in due] == ["Soon", "Later"]
    assert "nothing starts by itself" not in text_of(as_operator.get("/"))
    pause_all(user=owner)
    assert "nothing starts by itself" in text_of(as_operator.get("/"))
    assert "Due next" not in text_of(as_viewer.get("/"))


@pytest.mark.django_db
def test_circuits_that_are_open_are_named(as_viewer: Client, as_admin: Client) -> None:
    soon, past = (timezone.now() + timedelta(seconds=seconds) for seconds in (60, -1))
    for name, at, enabled in (
        ("post<b>", soon, True),
        ("http", past, True),
        ("fine", None, True),
        ("gone", soon, False),
    ):
        ExecutorConfig.objects.create(executor=name, breaker_failures=2, breaker_retry_at=at, enabled=enabled)
    text = text_of(as_viewer.get("/"))
    assert f"post&lt;b&gt; is open until {soon:%H:%M:%S} UTC" in text and "http is half-open" in text
    assert "circuit of fine" not in text and "circuit of gone" not in text and "of/http/" not in text
    assert "of/http/" in text_of(as_admin.get("/"))


@pytest.mark.django_db
def test_queries_do_not_grow(as_viewer: Client, django_assert_max_num_queries: Any) -> None:
    tree = make_tree()
    for number in range(12):
        make_run(tree, Status.IN_PROGRESS if number % 2 else Status.FAILED, tasks=3)
        make_worker(f"w{number}")
        ExecutorConfig.objects.create(executor=f"e{number}", breaker_failures=1, breaker_retry_at=timezone.now())
    with django_assert_max_num_queries(17):
        assert as_viewer.get("/").status_code == 200
