"""One run: what its page shows of it and of its tasks, at any size."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from orchestration.engine.status import Status
from orchestration.models import HookRegistration, Run, RunCommand, TaskLog, TaskRun
from orchestration.pages.run_tasks import PAGE_SIZE
from tests.hook_scene import make_hook
from tests.run_hooks import BEGAN, ENDED, note_hooks

from .conftest import signed_in, text_of
from .scene import Scene, make_run, make_tree, make_user, task_run


def address(run: Run) -> str:
    return reverse("run", args=[run.pk])


def lines(browser: Client, run: Run, **query: Any) -> dict[str, Any]:
    context: Any = browser.get(address(run), query).context
    return {line.name: line for line in context["lines"]}


def test_each_task_shows_its_state(scene: Scene, as_viewer: Client) -> None:
    states = {name: line.state for name, line in lines(as_viewer, scene.live).items()}
    assert {name: state.key for name, state in states.items()} == {
        "Check totals": "failed",
        "Fetch orders": "completed",
        "Load totals": "blocked",
        "Load orders": "in_progress",
        "Refresh the caches of the public site": "waiting",
        "Notify the team": "retrying",
        "Archive": "pending",
        "Old step": "cancelled",
    }
    assert states["Notify the team"].word == "Retrying 2/3"


def test_failed_tasks_come_first(scene: Scene, as_viewer: Client) -> None:
    assert next(iter(lines(as_viewer, scene.live))) == "Check totals"


def test_it_says_why_a_task_waits_and_what_blocked_it(scene: Scene, as_viewer: Client) -> None:
    found = lines(as_viewer, scene.live)
    assert found["Refresh the caches of the public site"].waits_for == "Load orders"
    assert found["Load totals"].cause[1] == "Check totals"
    cause = TaskRun.objects.get(run=scene.live, name="Check totals")
    assert reverse("task-run", args=[scene.live.pk, cause.pk]) in text_of(as_viewer.get(address(scene.live)))


def test_a_small_run_shows_everything_of_its_tasks(scene: Scene, as_viewer: Client) -> None:
    text = text_of(as_viewer.get(address(scene.live)))
    for wanted in ("12345", "&quot;sample&quot;", "checked batch 11", "503 Service Unavailable", "row 400 of 1,000"):
        assert wanted in text


def test_filters_have_counts_and_narrow(scene: Scene, as_viewer: Client) -> None:
    context: Any = as_viewer.get(address(scene.live), {"status": "pending"}).context
    assert {item.state.key: item.count for item in context["filters"]} == {
        **{"failed": 1, "blocked": 1, "in_progress": 1, "retrying": 1, "pending": 2, "completed": 1, "cancelled": 1}
    }
    assert {line.name for line in context["lines"]} == {"Archive", "Refresh the caches of the public site"}
    assert list(lines(as_viewer, scene.live, status="blocked")) == ["Load totals"]
    assert len(lines(as_viewer, scene.live, status="nonsense")) == 8


def test_hostile_texts_are_texts(scene: Scene, as_admin: Client) -> None:
    row = scene.failed.task_runs.get()
    for path in (address(scene.failed), reverse("task-run", args=[scene.failed.pk, row.pk])):
        text = text_of(as_admin.get(path))
        assert "<script>alert" not in text
        assert text.count("&lt;script&gt;alert") >= 5


@pytest.mark.django_db
def test_a_large_result_is_cut_in_the_list_and_whole_in_the_file(as_viewer: Client) -> None:
    run = make_run(make_tree(), Status.COMPLETED, tasks=1)
    value = {"rows": [f"row {n}" for n in range(5_000)]}
    run.task_runs.update(result=value)
    row = run.task_runs.get()
    preview = lines(as_viewer, run)["Step 0"].details.result
    assert (len(preview.text), preview.is_cut) == (4_000, True)
    text = text_of(as_viewer.get(address(run)))
    assert reverse("task-run", args=[run.pk, row.pk]) in text
    assert "row 4999" not in text
    assert "row 4999" in text_of(as_viewer.get(reverse("task-run", args=[run.pk, row.pk])))
    file = as_viewer.get(reverse("task-run-result", args=[run.pk, row.pk]))
    assert json.loads(file.content) == value
    assert file.headers["Content-Type"] == "application/json"
    assert file.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.django_db
def test_a_huge_result_is_not_even_looked_into(as_viewer: Client) -> None:
    import random

    run = make_run(make_tree(), Status.COMPLETED, tasks=1)
    noise = random.Random(1).randbytes(2 * 1024**2).hex()
    run.task_runs.update(result={"noise": noise})
    response = as_viewer.get(address(run))
    assert "Too large to show here." in text_of(response)
    assert len(response.content) < 50_000
    page = as_viewer.get(reverse("task-run", args=[run.pk, run.task_runs.get().pk]))
    assert len(page.content) < 50_000


@pytest.mark.django_db
@pytest.mark.parametrize(("value", "text"), [(None, "null"), ({}, "{}"), ([], "[]"), (0, "0"), ("", '""')])
def test_empty_results_are_results(as_viewer: Client, value: Any, text: str) -> None:
    from django.db.models import JSONField, Value

    run = make_run(make_tree(), Status.COMPLETED, tasks=1)
    assert lines(as_viewer, run)["Step 0"].details.result is None
    missing = as_viewer.get(reverse("task-run-result", args=[run.pk, run.task_runs.get().pk]))
    assert missing.status_code == 404
    run.task_runs.update(result=Value(value, JSONField()))
    assert lines(as_viewer, run)["Step 0"].details.result.text == text
    file = as_viewer.get(reverse("task-run-result", args=[run.pk, run.task_runs.get().pk]))
    assert file.content.decode() == text


@pytest.mark.django_db
def test_the_log_shows_its_last_lines_in_order(as_viewer: Client) -> None:
    run = make_run(make_tree(), Status.COMPLETED, tasks=2)
    for row in run.task_runs.all():
        at = timezone.now()
        TaskLog.objects.bulk_create(
            TaskLog(task_run=row, attempt=1, level=20, message=f"{row.name} line {n}", at=at) for n in range(250)
        )
    for name, line in lines(as_viewer, run).items():
        assert [entry.message for entry in line.details.log] == [f"{name} line {n}" for n in range(50, 250)]
        assert line.details.is_log_cut


@pytest.mark.django_db
def test_a_large_run_comes_in_pages(as_viewer: Client, django_assert_max_num_queries: Any) -> None:
    run = make_run(make_tree(), Status.IN_PROGRESS)
    at, total = run.queued_at, 10_000
    kinds = [Status.COMPLETED, Status.PENDING, Status.IN_PROGRESS]
    rows = [task_run(run, n, kinds[n % 3], at, result={"n": n}) for n in range(total - 1)]
    rows.append(task_run(run, total, Status.FAILED, at, name="The broken one"))
    TaskRun.objects.bulk_create(rows)
    Run.objects.filter(pk=run.pk).update(task_count=total)
    run.refresh_from_db()
    with django_assert_max_num_queries(12):
        response = as_viewer.get(address(run))
    context: Any = response.context
    assert len(context["lines"]) == PAGE_SIZE
    assert context["lines"][0].name == "The broken one"
    assert context["lines"][1].state.key == "in_progress"
    assert context["pages"] == 50
    assert len(response.content) < 600_000
    last: Any = as_viewer.get(address(run), {"page": "999999"}).context
    assert last["number"] == 50
    assert len(last["lines"]) == PAGE_SIZE


@pytest.mark.django_db
def test_of_a_large_run_only_what_is_opened_is_loaded(as_viewer: Client, django_assert_max_num_queries: Any) -> None:
    run = make_run(make_tree(), Status.COMPLETED, tasks=50)
    run.task_runs.update(result={"word": "xyzzy"})
    assert "xyzzy" not in text_of(as_viewer.get(address(run)))
    pks = list(run.task_runs.values_list("pk", flat=True)[:30])
    with django_assert_max_num_queries(16):
        response = as_viewer.get(address(run), {"open": ",".join(map(str, [*pks, "x", 10**40, -1]))})
    assert text_of(response).count("xyzzy") == 20  # at most twenty at a time
    other = make_run(make_tree(), Status.COMPLETED, tasks=1)
    other.task_runs.update(result={"word": "plugh"})
    assert "plugh" not in text_of(as_viewer.get(address(run), {"open": str(other.task_runs.get().pk)}))


def test_a_live_run_refreshes_itself_and_a_finished_one_does_not(scene: Scene, as_viewer: Client) -> None:
    assert 'data-active="1000"' in text_of(as_viewer.get(address(scene.live)))
    assert "data-active" not in text_of(as_viewer.get(address(scene.failed)))


def test_the_hooks_of_the_run_are_told_with_what_was_slow_and_failed(scene: Scene, as_viewer: Client) -> None:
    assert "Hooks of the run" not in text_of(as_viewer.get(address(scene.failed)))
    note_hooks(scene.failed, BEGAN, ENDED)
    text = " ".join(text_of(as_viewer.get(address(scene.failed))).split())
    assert '<a class="tag tag-bad" href="#hooks">1 hook failed</a>' in text
    assert '<a class="tag tag-warn" href="#hooks">1 slow hook</a>' in text
    told = text[text.index('<h2 id="hooks">') :]
    assert "<code>on_tree_started</code> Book a slot" in told and "2.3 s" in told
    assert "Free the &lt;b&gt;slot&lt;/b&gt;" in told and "ValueError: gone" in told
    assert told.count('<span class="tag tag-warn">slow</span>') == 2
    assert told.count('<span class="tag tag-bad">failed</span>') == 1


def test_a_run_that_has_just_ended_is_looked_at_until_its_last_hooks_are_told_of(
    scene: Scene, as_viewer: Client
) -> None:
    run = scene.failed
    Run.objects.filter(pk=run.pk).update(finished_at=timezone.now())
    make_hook(event="on_tree_completed", target="tests.hook_functions:ended")
    hook = make_hook(event="on_tree_failed", target="tests.hook_functions:ended")
    assert 'data-active="3000"' in text_of(as_viewer.get(address(run)))
    HookRegistration.objects.filter(pk=hook.pk).update(enabled=False)
    assert "data-active" not in text_of(as_viewer.get(address(run)))
    HookRegistration.objects.update(enabled=True)
    Run.objects.filter(pk=run.pk).update(finished_at=timezone.now() - timedelta(minutes=3))
    assert "data-active" not in text_of(as_viewer.get(address(run)))
    Run.objects.filter(pk=run.pk).update(finished_at=timezone.now())
    run.refresh_from_db()
    note_hooks(run, ENDED)
    assert "data-active" not in text_of(as_viewer.get(address(run)))


def test_cancel_asks_the_owner(scene: Scene, as_admin: Client, admin: User) -> None:
    path = reverse("run-cancel", args=[scene.live.pk])
    assert path in text_of(as_admin.get(address(scene.live)))
    response = as_admin.post(path, {"reason": "wrong day\x00"})
    assert response.headers["Location"] == address(scene.live)
    command = RunCommand.objects.get()
    assert (command.kind, command.requested_by, command.reason) == ("cancel", admin, "wrong day\ufffd")
    text = text_of(as_admin.get(address(scene.live)))
    assert "Cancelling" in text
    assert path not in text


def test_cancelling_a_finished_run_changes_nothing(scene: Scene, as_admin: Client) -> None:
    response = as_admin.post(reverse("run-cancel", args=[scene.failed.pk]), follow=True)
    assert "There is nothing to cancel" in text_of(response)
    assert RunCommand.objects.count() == 0


def test_only_the_own_run_can_be_cancelled_without_permission(scene: Scene, as_viewer: Client, admin: User) -> None:
    path = reverse("run-cancel", args=[scene.live.pk])
    assert path not in text_of(as_viewer.get(address(scene.live)))
    assert as_viewer.post(path).status_code == 403
    owner = make_user("otto")
    Run.objects.filter(pk=scene.live.pk).update(requested_by=owner)
    assert signed_in(owner).post(path).status_code == 302


@pytest.mark.django_db
def test_a_run_whose_tree_was_deleted_is_still_there_for_who_started_it(viewer: User) -> None:
    run = make_run(None, Status.COMPLETED, tasks=1, requested_by=viewer)
    response = signed_in(viewer).get(address(run))
    assert response.status_code == 200
    assert "A deleted tree" in text_of(response)


@pytest.mark.django_db
def test_a_paused_run_says_so(as_viewer: Client) -> None:
    run = make_run(make_tree(), Status.IN_PROGRESS, paused=True)
    assert "Paused" in text_of(as_viewer.get(address(run)))


@pytest.mark.django_db
def test_a_run_without_tasks_or_times(as_viewer: Client) -> None:
    run = make_run(make_tree(), Status.PENDING, queued_at=timezone.now() - timedelta(days=3))
    text = text_of(as_viewer.get(address(run)))
    assert "This run has no tasks." in text
    assert "3 d 0 h" in text


@pytest.mark.django_db
def test_a_waiting_tasks_page_says_why_in_the_engines_words(as_viewer: Client) -> None:
    run = make_run(make_tree(), Status.PENDING, tasks=2)
    TaskRun.objects.filter(run=run).update(status=Status.PENDING, finished_at=None, started_at=None, attempt=0)
    task_run = run.task_runs.order_by("ordinal")[0]
    said = text_of(as_viewer.get(f"/runs/{run.pk}/tasks/{task_run.pk}/"))
    assert "No worker is alive: start one with manage.py worker" in said
