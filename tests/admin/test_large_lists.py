"""100,000 runs, and what is written beside them: no list reads more than it shows and counts, which is bounded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from benchmarks.many_records import add_records, remove_records
from benchmarks.many_runs import add_runs
from orchestration.models import OutgoingWebhook, Run, Tree
from orchestration.store.counted import COUNTED
from tests.pages.scene import make_tree, make_user

pytestmark = pytest.mark.django_db

RUNS = 100_000
#: What is counted, what is shown, and some air.
MAX_ROWS = COUNTED + 2_000


@pytest.fixture(scope="module")
def filled(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[User, Tree]]:
    """All tests of this module share the rows; they only look."""
    with django_db_blocker.unblock():
        user, tree = make_user("ada", is_superuser=True, is_staff=True), make_tree()
        add_runs(RUNS, tree.pk)
        add_records(user, tree)
        yield user, tree
        remove_records()
        tree.delete()
        user.delete()


def rows_read(node: dict[str, Any]) -> int:
    """Rows that a plan has touched in tables, whether it kept them or not."""
    own = 0
    if "Relation Name" in node:
        kept = (
            node["Actual Rows"] + node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
        )
        own = int(kept * node["Actual Loops"])
    return own + sum(rows_read(child) for child in node.get("Plans", ()))


def read_by(browser: Client, url: str) -> tuple[int, int]:
    """Open a page; return how many rows its queries read, and how many queries there were."""
    with CaptureQueriesContext(connection) as queries:
        answer = browser.get(url)
    assert answer.status_code == 200
    total = 0
    for query in queries.captured_queries:
        if query["sql"].lstrip().startswith(("SELECT", "WITH")):
            with connection.cursor() as cursor:
                cursor.execute("EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) " + query["sql"].replace("%", "%%"), ())
                plan = cursor.fetchone()[0]
            total += rows_read((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])
    return total, len(queries)


def expect_little_read(browser: Client, places: list[str]) -> None:
    """Every page reads no more rows than it shows, in few queries."""
    for place in places:
        read, count = read_by(browser, place)
        assert read <= MAX_ROWS, f"{place} read {read:,} rows"
        assert count <= 30, f"{place} took {count} queries"


def test_lists_of_runs_read_no_more_than_they_show(filled: tuple[User, Tree]) -> None:
    user, tree = filled
    browser = Client()
    browser.force_login(user)
    runs, tasks = (reverse(f"admin:orchestration_{name}_changelist") for name in ("run", "taskrun"))
    run = Run.objects.order_by("-queued_at")[RUNS // 2]
    places = [
        runs, tasks, f"{runs}?p=3", f"{tasks}?p=3", f"{runs}?o=1", f"{runs}?o=-1",
        f"{runs}?status__exact=failed", f"{runs}?q={run.pk}", f"{runs}?tree__id__exact={tree.pk}",
        f"{tasks}?run__id__exact={run.pk}", reverse("admin:index"),
        reverse("admin:orchestration_run_change", args=[run.pk]),
        reverse("admin:orchestration_tree_changelist"), reverse("admin:orchestration_worker_changelist"),
        reverse("admin:orchestration_executorconfig_changelist"), reverse("admin:executor", args=["echo"]),
        reverse("admin:orchestration_hookregistration_changelist"),
    ]  # fmt: skip
    expect_little_read(browser, places)


def test_lists_of_what_stands_beside_runs_read_no_more_than_they_show(filled: tuple[User, Tree]) -> None:
    browser = Client()
    browser.force_login(filled[0])
    names = ("auditentry", "schedule", "schedulefire", "webhookdelivery", "webhookreceipt")
    audit, schedules, fires, deliveries, receipts = (
        reverse(f"admin:orchestration_{name}_changelist") for name in names
    )
    webhook = OutgoingWebhook.objects.get()
    places = [
        audit, f"{audit}?act__exact=run.start", schedules, reverse("schedules"), "/api/v1/schedules",
        fires, f"{fires}?p=3", f"{fires}?outcome__exact=missed", f"{fires}?outcome__exact=waiting",
        deliveries, f"{deliveries}?p=3", f"{deliveries}?status__exact=failed", f"{deliveries}?status__exact=pending",
        f"{deliveries}?webhook__id__exact={webhook.pk}", "/api/v1/webhooks/deliveries?status=failed",
        receipts, f"{receipts}?outcome__exact=refused", f"{receipts}?outcome__exact=limited",
    ]  # fmt: skip
    expect_little_read(browser, places)


def test_a_list_says_that_there_are_more(filled: tuple[User, Tree]) -> None:
    browser = Client()
    browser.force_login(filled[0])
    text = browser.get(reverse("admin:orchestration_run_changelist")).content.decode()
    assert f"more than {COUNTED} runs" in text
    assert "filter or search for what is further back" in text
    # The last page is there, and it is full.
    last = browser.get(reverse("admin:orchestration_run_changelist"), {"p": COUNTED // 100})
    assert len(last.context["cl"].result_list) == 100


def test_a_count_of_all_would_be_noticed(filled: tuple[User, Tree], monkeypatch: pytest.MonkeyPatch) -> None:
    """The measure itself: with Django's own paginator the list reads every row."""
    from django.contrib import admin
    from django.core.paginator import Paginator

    browser = Client()
    browser.force_login(filled[0])
    monkeypatch.setattr(admin.site._registry[Run], "paginator", Paginator)
    read, _ = read_by(browser, reverse("admin:orchestration_run_changelist"))
    assert read > RUNS
