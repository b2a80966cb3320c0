"""The page of a run tells the truth while workers and the web process die: real processes, killed without a word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Route, expect

from benchmarks.scribe import Scribe
from benchmarks.web_process import WebProcess
from orchestration.engine.definition import DependencySpec, TaskSpec, TreeSpec, new_id
from orchestration.models import Run, RunEvent
from orchestration.store.snapshots import NewRun, insert_run
from tests.acceptance.support.run_parts import RunParts
from tests.acceptance.support.run_watching import Watchers, watching
from tests.faults.conftest import bench as bench
from tests.faults.support.bench import Bench, database_url, task
from tests.live import conftest as live

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

same_secret_key = live.same_secret_key
#: Until a lost line is noticed, a lease is over, and everything is there again, on a machine that is busy.
PATIENCE_MS = 120_000


@pytest.fixture
def web(transactional_db: Any, tmp_path: Path, same_secret_key: None) -> Iterator[WebProcess]:
    """A web process of the test's own, which may be killed."""
    environment = {
        "DATABASE_URL": database_url(),
        "APFLOW_DATA_DIR": str(tmp_path / "web"),
        "APFLOW_SECRET_KEY": live.SECRET,
    }
    process = WebProcess(tmp_path / "web.log", environment)
    try:
        yield process.wait_ready(120)
    finally:
        process.discard()


@pytest.fixture
def watchers(browser: Browser, web: WebProcess) -> Iterator[Watchers]:
    """Browsers at that web process."""
    with watching(browser, web) as made:
        yield made


def badge(run: RunParts) -> Any:
    """What the page says of its line."""
    return run.head.locator(".line-state")


def expect_the_database(run: RunParts, of: str | None = None) -> None:
    """Wait until the page has the events (of the selected task), counts and status of the database, each event once."""
    events = RunEvent.objects.filter(run_id=run.run_id, **({"task_run__task_uid": of} if of else {}))
    stored = list(events.order_by("-seq").values_list("seq", flat=True)[:300])
    run.open_tab("Events")
    seqs = run.page.locator(".events td.number")
    expect(seqs).to_have_text([str(seq) for seq in stored], timeout=PATIENCE_MS)
    row = Run.objects.get(pk=run.run_id)
    run.expect_status(row.status.capitalize())
    statuses = list(row.task_runs.values_list("status", flat=True))
    for status, word in (("completed", "Completed"), ("in_progress", "In progress")):
        chip = run.head.get_by_role("button", name=re.compile(rf"^{statuses.count(status)} {word}$"))
        expect(chip).to_have_count(1 if status in statuses else 0)


def test_a_worker_dies_and_the_page_says_so_and_goes_on(watchers: Watchers, bench: Bench) -> None:
    doomed = bench.worker()
    started = bench.start(task("long", gate=bench.gate()), task("after", requires=["long"]))
    run = watchers.open(str(started.pk), "task=long").ready()
    bench.wait_effect(started, "start", task="long")
    expect(run.row("long")).to_contain_text("In progress", timeout=PATIENCE_MS)
    doomed.kill()
    bench.worker()
    expect(run.panel).to_contain_text("Its worker was lost once", timeout=PATIENCE_MS)
    bench.wait_effect(started, "start", task="long", count=2)
    expect(run.row("long")).to_contain_text("In progress", timeout=PATIENCE_MS)
    run.panel.get_by_role("tab", name="Attempts").click()
    attempts = run.panel.locator("li").filter(has_text=re.compile("Attempt [12]"))
    expect(attempts).to_have_count(2, timeout=PATIENCE_MS)
    expect(attempts.nth(1)).to_contain_text("Worker lost")
    expect(attempts.nth(0)).to_contain_text("Running")
    bench.gate().touch()
    run.expect_status("Completed")
    expect(attempts.nth(0)).to_contain_text("Completed", timeout=PATIENCE_MS)
    bench.wait_run(started)
    expect_the_database(run, of="long")


def test_the_web_process_is_restarted_under_the_page(watchers: Watchers, bench: Bench, web: WebProcess) -> None:
    bench.worker()
    started = bench.start(
        task("one", gate=bench.gate("one")),
        task("two", gate=bench.gate("two"), requires=["one"]),
        task("three", requires=["two"]),
    )
    run = watchers.open(str(started.pk)).ready()
    expect(badge(run)).to_contain_text("Live", timeout=PATIENCE_MS)
    expect(run.row("one")).to_contain_text("In progress", timeout=PATIENCE_MS)
    web.kill()
    expect(badge(run)).to_have_text(re.compile("Reconnecting|Offline"), timeout=PATIENCE_MS)
    bench.gate("one").touch()
    bench.wait_effect(started, "start", task="two")
    # What it shows is of before, and it says that it does not know.
    expect(run.row("one")).to_contain_text("In progress")
    web.restart()
    expect(badge(run)).to_contain_text("Live", timeout=PATIENCE_MS)
    expect(run.row("one")).to_contain_text("Completed", timeout=PATIENCE_MS)
    expect(run.row("two")).to_contain_text("In progress")
    bench.gate("two").touch()
    run.expect_status("Completed")
    bench.wait_run(started)
    expect_the_database(run)


def test_pb_liv_3_a_run_that_ends_while_the_line_is_down_ends_on_the_page(
    watchers: Watchers, bench: Bench, web: WebProcess
) -> None:
    bench.worker()
    started = bench.start(task("long", gate=bench.gate()), task("after", requires=["long"]))
    run = watchers.open(str(started.pk)).ready()
    expect(run.row("long")).to_contain_text("In progress", timeout=PATIENCE_MS)
    web.kill()
    expect(badge(run)).to_have_text(re.compile("Reconnecting|Offline"), timeout=PATIENCE_MS)
    bench.gate().touch()
    bench.wait_run(started)
    web.restart()
    run.expect_status("Completed")
    expect(run.list).not_to_contain_text("In progress")
    expect(run.page.get_by_role("region", name="Messages").locator("> *")).to_have_count(0)
    expect_the_database(run)


def test_pb_liv_3_and_so_does_one_that_ends_between_the_page_and_its_line(watchers: Watchers, web: WebProcess) -> None:
    scribe = Scribe()
    run = watchers.open("", "")

    def end_first(route: Route) -> None:
        scribe.end()
        route.continue_()

    try:
        # The page is there, and its program is not.
        run.page.route("**/app/run*.js", end_first, times=1)
        run = RunParts(run.page, scribe.run_id).ready()
        run.expect_status("Completed")
        expect(run.list).not_to_contain_text("In progress")
        expect_the_database(run)
    finally:
        scribe.close()


def test_pb_gra_3_ten_thousand_siblings_do_not_freeze_the_page(watchers: Watchers, bench: Bench) -> None:
    count = 10_000
    children = [
        TaskSpec(f"c{number}", f"child {number}", "echo", {"value": number}, dependencies=(DependencySpec("root"),))
        for number in range(count)
    ]
    edges = tuple(DependencySpec(child.id) for child in children)
    join = TaskSpec("join", "join", "echo", {"value": "joined"}, dependencies=edges)
    spec = TreeSpec("Siblings", (TaskSpec("root", "root", "echo", {"value": 0}), *children, join))
    new = NewRun(new_id(), spec, None, 1, Run.Trigger.API)
    assert insert_run(new)
    run = watchers.open(new.id)
    bench.worker(slots=20)
    run.ready()
    bench.wait_run(Run.objects.get(pk=new.id), 240)
    expect(run.head.locator(".status-large")).to_have_text(re.compile("Completed"), timeout=PATIENCE_MS)
    expect(run.head.get_by_role("button", name=f"{count + 2} Completed")).to_be_visible(timeout=PATIENCE_MS)
    assert run.page.locator("[role=treeitem], [data-card]").count() < 1_000
    run.list.focus()
    run.page.keyboard.press("End")
    expect(run.panel.get_by_role("heading", level=2)).to_have_text("join", timeout=PATIENCE_MS)
    run.panel.get_by_role("tab", name="Result").click()
    expect(run.panel).to_contain_text("joined", timeout=PATIENCE_MS)
    heap = run.page.context.new_cdp_session(run.page)
    heap.send("HeapProfiler.collectGarbage")
    assert heap.send("Runtime.getHeapUsage")["usedSize"] < 500e6
