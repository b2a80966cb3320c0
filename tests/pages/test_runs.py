"""The list of runs: filters in the address, and pages by keyset."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from orchestration.engine.status import Status
from orchestration.models import Run
from orchestration.pages.keyset import PAGE_SIZE

from .conftest import text_of
from .scene import HOSTILE, Scene, make_run, make_tree


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


@pytest.mark.parametrize(
    "query",
    [
        {"status": "nonsense", "trigger": "nonsense", "tree": "nonsense"},
        {"older": "nonsense"},
        {"older": "2025-01-01_x"},
        {"newer": "2025-01-01T00:00:00_00000000-0000-0000-0000-000000000000"},
        {"newer": "9999-99-99"},
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
        if context["found"].older is None:
            break
        query = {"older": context["found"].older}
    assert [pk for one in forth for pk in one] == wanted

    context = as_viewer.get("/runs/", {"newer": context["found"].newer}).context
    assert [line.run.pk for line in context["lines"]] == forth[1]
    assert context["found"].newer and context["found"].older


@pytest.mark.django_db
def test_the_links_keep_the_filters(as_viewer: Client) -> None:
    tree = make_tree()
    for _ in range(PAGE_SIZE + 1):
        make_run(tree, Status.COMPLETED)
    text = text_of(as_viewer.get("/runs/", {"status": "completed", "q": "nightly"}))
    assert "?status=completed&amp;q=nightly&amp;older=" in text


@pytest.mark.django_db
def test_queries_do_not_grow(as_viewer: Client, django_assert_max_num_queries: Any) -> None:
    tree = make_tree()
    for _ in range(PAGE_SIZE):
        make_run(tree, Status.IN_PROGRESS, tasks=2)
    with django_assert_max_num_queries(8):
        as_viewer.get("/runs/")


@pytest.mark.django_db
def test_only_a_page_with_active_runs_refreshes_itself(as_viewer: Client) -> None:
    tree = make_tree()
    make_run(tree, Status.COMPLETED)
    assert "data-active" not in text_of(as_viewer.get("/runs/"))
    make_run(tree, Status.IN_PROGRESS)
    assert "data-active" in text_of(as_viewer.get("/runs/"))


@pytest.mark.django_db
def test_an_empty_list_says_what_to_do(as_viewer: Client) -> None:
    assert "Nothing has run yet" in text_of(as_viewer.get("/runs/"))
    assert "No run matches these filters" in text_of(as_viewer.get("/runs/", {"status": "failed"}))
