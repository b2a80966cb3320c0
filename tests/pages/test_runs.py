"""The list of runs: filters in the address, and pages by keyset."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone

from orchestration.actions.run_orders import NEWEST_FIRST, ORDER_NAMES, RunOrder
from orchestration.actions.run_views import change_view, save_view
from orchestration.engine.status import Status
from orchestration.models import Run
from orchestration.pages.keyset import PAGE_SIZE

from .conftest import text_of
from .scene import HOSTILE, Scene, make_live_run, make_run, make_tree, make_user, times_of


def shown(browser: Client, **query: Any) -> list[Run]:
    context: Any = browser.get("/runs/", query).context
    return [line.run for line in context["lines"]]


def test_each_filter_narrows(scene: Scene, as_viewer: Client) -> None:
    other = make_run(make_tree("Something else"), Status.COMPLETED, trigger="sdk")
    assert len(shown(as_viewer)) == 7
    assert shown(as_viewer, status="failed") == [scene.failed]
    assert shown(as_viewer, trigger="sdk") == [other]
    assert shown(as_viewer, tree=str(other.tree_id)) == [other]
    assert shown(as_viewer, q="something") == [other]
    assert shown(as_viewer, q=str(other.pk)) == [other]
    assert shown(as_viewer, q="<script>") == [scene.failed]
    assert len(shown(as_viewer, q="ADA")) == 6
    assert shown(as_viewer, status="failed", trigger="sdk") == []
    assert len(shown(as_viewer, status=["failed", "cancelled"])) == 2
    assert len(shown(as_viewer, tag="nightly")) == 6
    assert shown(as_viewer, tag="night") == []
    assert len(shown(as_viewer, requested_by="ada")) == 6
    assert shown(as_viewer, requested_by="me") == []


@pytest.mark.django_db
def test_times_narrow_by_a_period_or_by_moments(as_viewer: Client) -> None:
    tree, now = make_tree(), timezone.now()
    runs = [make_run(tree, queued_at=now - timedelta(hours=hours)) for hours in (0, 5, 50, 500)]
    for when, count in {"hour": 1, "day": 2, "week": 3, "": 4}.items():
        assert shown(as_viewer, when=when) == runs[:count]
    at = (now - timedelta(hours=60)).strftime("%Y-%m-%dT%H:%M")
    assert shown(as_viewer, since=at) == runs[:3]
    assert shown(as_viewer, until=at) == runs[3:]
    assert shown(as_viewer, since=at, until=(now - timedelta(hours=1)).isoformat()) == runs[1:3]
    # A period makes them void.
    assert shown(as_viewer, when="hour", since=at) == runs[:1]


@pytest.mark.django_db
@pytest.mark.parametrize("sort", ORDER_NAMES)
def test_each_order_holds_each_run_once_in_both_directions(as_viewer: Client, sort: str) -> None:
    tree, at = make_tree(), timezone.now()
    for number in range(2 * PAGE_SIZE + 10):
        status = list(Status)[number % len(Status)]
        queued_at = at - timedelta(minutes=number // 3)
        fields: dict[str, Any] = {} if number % 4 else times_of(status, queued_at) | {"started_at": queued_at}
        make_run(tree, status, queued_at=queued_at, **fields)
    pages, query = [], {"sort": sort}
    while True:
        context: Any = as_viewer.get("/runs/", query).context
        pages.append([line.run for line in context["lines"]])
        if context["found"].after is None:
            break
        query = {"sort": sort, "after": context["found"].after}
    listed = [run for one in pages for run in one]
    assert len(listed) == len(set(listed)) == Run.objects.count()
    keys = [_key(run, sort.removeprefix("-")) for run in listed]
    assert keys == sorted(keys, reverse=sort.startswith("-"))
    back: Any = as_viewer.get("/runs/", {"sort": sort, "before": context["found"].before}).context
    assert [line.run for line in back["lines"]] == pages[-2]


def _key(run: Run, name: str) -> Any:
    if name != "duration":
        return getattr(run, name)
    return run.finished_at - run.started_at if run.finished_at and run.started_at else timedelta(0)


@pytest.mark.django_db
def test_a_default_view_is_opened_when_nothing_is_asked_for(as_viewer: Client, viewer: User) -> None:
    view = save_view(viewer, "Failed today", "when=day&status=failed&nonsense=1", is_default=True)
    save_view(make_user("other"), "Not mine", "status=failed", is_default=True)
    response = as_viewer.get("/runs/")
    assert response.headers["Location"] == "/runs/?status=failed&when=day"
    context: Any = as_viewer.get("/runs/?status=failed&when=day").context
    assert [(link.view, link.is_shown) for link in context["views"]] == [(view, True)]
    assert as_viewer.get("/runs/?view=all").status_code == 200
    change_view(view, query="")
    assert as_viewer.get("/runs/").headers["Location"] == "/runs/?view=all"


@pytest.mark.django_db
def test_rows_are_given_again_with_the_number_of_new_runs(
    as_viewer: Client, django_assert_max_num_queries: Any
) -> None:
    tree = make_tree()
    secret = make_run(make_tree("Secret", visibility="private", owner=make_user("other")))
    old = make_run(tree, Status.FAILED, error="It broke", queued_at=timezone.now() - timedelta(hours=1))
    context: Any = as_viewer.get("/runs/", {"status": "failed"}).context
    top = context["boot"]["runs"]["top"]
    make_run(tree, Status.COMPLETED)
    make_run(tree, Status.FAILED, error="It broke")
    with django_assert_max_num_queries(6):
        text = text_of(as_viewer.get("/runs/rows/", {"ids": f"{old.pk},{secret.pk},x", "top": top, "status": "failed"}))
    assert f"run-{old.pk}" in text
    assert "Secret" not in text
    assert 'data-new="1"' in text
    assert 'data-new="0"' in text_of(as_viewer.get("/runs/rows/", {"ids": "", "status": "failed"}))
    # An empty list has no top.
    assert 'data-new="3"' in text_of(as_viewer.get("/runs/rows/", {"ids": "", "top": ""}))


@pytest.mark.django_db
def test_a_row_says_how_far_a_run_is_and_what_failed(as_viewer: Client, admin: User) -> None:
    make_live_run(make_tree(), admin)
    text = text_of(as_viewer.get("/runs/"))
    assert "4 of 8 tasks" in text
    assert "2 failed" in text


@pytest.mark.parametrize(
    "query",
    [
        {"status": "nonsense", "trigger": "nonsense", "tree": "nonsense"},
        {"after": "nonsense"},
        {"after": "2025-01-01~x"},
        {"before": "2025-01-01T00:00:00~00000000-0000-0000-0000-000000000000"},
        {"before": "9999-99-99", "sort": "colour"},
        {"sort": "status", "after": "colour~2025-01-01T00:00:00Z~00000000-0000-0000-0000-000000000000"},
        {"sort": "duration", "after": f"{10**30}~00000000-0000-0000-0000-000000000000"},
        {"when": "never", "since": "yesterday", "until": "0001-01-01T00:00+15:00", "tag": "", "requested_by": "\x00"},
    ],
)
def test_nonsense_in_the_address_narrows_nothing(scene: Scene, as_viewer: Client, query: dict[str, str]) -> None:
    assert len(shown(as_viewer, **query)) == 6


@pytest.mark.django_db
def test_nul_and_markup_are_harmless(as_viewer: Client) -> None:
    make_run(make_tree(), Status.COMPLETED)
    assert shown(as_viewer, q="a\x00b") == []
    assert "<script>alert" not in text_of(as_viewer.get("/runs/", {"q": HOSTILE}))


@pytest.mark.django_db
def test_pages_hold_each_run_once_in_both_directions(as_viewer: Client) -> None:
    tree, at = make_tree(), timezone.now()
    # Equal times: the id decides.
    for number in range(2 * PAGE_SIZE + 20):
        make_run(tree, Status.COMPLETED, queued_at=at - timedelta(seconds=number // 7))
    wanted = list(Run.objects.newest_first().values_list("pk", flat=True))

    forth: list[list[UUID]] = []
    query: dict[str, str] = {}
    while True:
        context: Any = as_viewer.get("/runs/", query).context
        forth.append([line.run.pk for line in context["lines"]])
        # New runs do not shift the pages.
        make_run(tree, Status.COMPLETED, queued_at=timezone.now() + timedelta(seconds=1))
        if context["found"].after is None:
            break
        query = {"after": context["found"].after}
    assert [pk for one in forth for pk in one] == wanted

    context = as_viewer.get("/runs/", {"before": context["found"].before}).context
    assert [line.run.pk for line in context["lines"]] == forth[1]
    assert context["found"].before and context["found"].after


@pytest.mark.django_db
def test_the_links_keep_the_filters(as_viewer: Client) -> None:
    tree = make_tree()
    for _ in range(PAGE_SIZE + 1):
        make_run(tree, Status.COMPLETED)
    text = text_of(as_viewer.get("/runs/", {"status": "completed", "q": "nightly"}))
    assert "?status=completed&amp;q=nightly&amp;after=" in text


@pytest.mark.django_db
def test_queries_do_not_grow(as_viewer: Client, django_assert_max_num_queries: Any) -> None:
    tree = make_tree()
    for _ in range(PAGE_SIZE):
        make_run(tree, Status.IN_PROGRESS, tasks=2)
    with django_assert_max_num_queries(8):
        as_viewer.get("/runs/")


@pytest.mark.django_db
def test_an_empty_list_says_what_to_do(as_viewer: Client) -> None:
    assert "Nothing has run yet" in text_of(as_viewer.get("/runs/"))
    assert "No run matches these filters" in text_of(as_viewer.get("/runs/", {"status": "failed"}))


@pytest.mark.django_db
def test_rows_tell_which_runs_are_gone(as_viewer: Client) -> None:
    tree = make_tree()
    kept, deleted = make_run(tree), make_run(tree)
    secret = make_run(make_tree("Secret", visibility="private", owner=make_user("other")))
    deleted_pk = deleted.pk
    deleted.delete()
    ended = f"{kept.pk},{deleted_pk},{secret.pk},nonsense"
    context: Any = as_viewer.get("/runs/rows/", {"ids": "", "ended": ended}).context
    assert context["gone"] == {deleted_pk, secret.pk}
    assert context["lines"] == []


@pytest.mark.django_db
@pytest.mark.parametrize("sort", ORDER_NAMES)
def test_an_index_holds_each_order(sort: str) -> None:
    make_run(make_tree())
    order = RunOrder.read(sort) or NEWEST_FIRST
    place = order.read_place(order.place_of(order.sort(Run.objects.all())[0]))
    assert place is not None
    with connection.cursor() as cursor:
        # With hardly a row in the table, PostgreSQL would rather read and sort all of it.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
    plan = order.sort(order.beyond(Run.objects.all(), place)).explain()
    assert "Sort" not in plan
    assert "Index Cond: (ROW(" in plan
