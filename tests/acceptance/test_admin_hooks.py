"""Hooks in the admin in a real browser: ordered by drag and by keys, switched, made and tried out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone
from playwright.sync_api import expect

from apflow import clear_config
from orchestration.engine.duration_scale import bucket_of
from orchestration.engine.hook_counts import BUCKETS
from orchestration.models import HookRegistration, HookUse, TaskRun
from tests import hook_functions
from tests.acceptance.support.looks import LOOKS, grave
from tests.hook_scene import FUNCTIONS, allowing, make_hook
from tests.pages.scene import HOSTILE, Scene, make_user
from tests.webhook_scene import make_webhook

from .test_pages_look import browser, scene, visit  # noqa: F401 - fixtures

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LIST = "/admin/orchestration/hookregistration/"


@pytest.fixture(autouse=True)
def _allowed() -> Iterator[None]:
    clear_config()
    hook_functions.CALLS.clear()
    with allowing(FUNCTIONS):
        yield


def count(hook: HookRegistration, runs: int, errors: int, slow: int, milliseconds: float) -> None:
    """Let a hook have been called today."""
    buckets = [0] * BUCKETS
    buckets[bucket_of(milliseconds, BUCKETS)] = runs
    HookUse.objects.create(hook=hook, day=timezone.now().date(), runs=runs, errors=errors, slow=slow, buckets=buckets)


@pytest.fixture
def hooks(scene: Scene) -> list[HookRegistration]:  # noqa: F811
    """Three hooks before a task, one after it, one webhook."""
    stamped = f"{FUNCTIONS}.stamp"
    rows = [
        make_hook(stamped, origin="decorator", target=stamped),
        make_hook("Refuse what has no owner", target=f"{FUNCTIONS}:veto", on_error="fail", executors=["rest_executor"]),
        make_hook("Stamp", tags=["etl"]),
        make_hook(f"Count {HOSTILE}", event="post", target=f"{FUNCTIONS}:count", enabled=False, statuses=["failed"]),
        make_hook("Tell the CRM", event="on_tree_failed", webhook=make_webhook("https://example.org/in")),
    ]
    count(rows[0], 1284, 0, 0, 3)
    count(rows[1], 96, 12, 31, 1900)
    return rows


def names() -> list[str]:
    return [hook.name for hook in HookRegistration.objects.filter(event="pre").in_order()]


def test_hooks_are_dragged_moved_by_keys_and_switched(visit: Any, hooks: list[HookRegistration]) -> None:  # noqa: F811
    code, refuse, stamp, *_ = hooks
    visitor = visit()
    visitor.sign_in("admin")
    page = visitor.page
    visitor.go(LIST)
    page.locator(f"#hook-{stamp.pk} .hook-grip").drag_to(
        page.locator(f"#hook-{code.pk}"), target_position={"x": 200, "y": 4}
    )
    page.wait_for_url("**#pre")
    expect(page.locator("#pre ~ form tbody tr").first).to_contain_text("Stamp")
    assert names() == [stamp.name, code.name, refuse.name]
    page.get_by_role("button", name=f"Move {refuse.name} up").press("Enter")
    page.wait_for_url(f"**#hook-{refuse.pk}-up")
    expect(page.get_by_role("button", name=f"Move {refuse.name} up")).to_be_focused()
    assert names() == [stamp.name, refuse.name, code.name]
    switch = page.get_by_role("button", name="Switch Stamp off")
    switch.press("Space")
    expect(page.get_by_text("Stamp is off.")).to_be_visible()
    expect(page.get_by_role("button", name="Switch Stamp on")).to_be_focused()
    assert not HookRegistration.objects.get(pk=stamp.pk).enabled
    visitor.check()


def test_a_hook_is_made_refused_mended_and_tried_out(visit: Any, scene: Scene) -> None:  # noqa: F811
    visitor = visit()
    visitor.sign_in("admin")
    page = visitor.page
    visitor.go(LIST)
    expect(page.get_by_text("None.").first).to_be_visible()
    page.get_by_role("link", name="Add hook").click()
    page.get_by_label("Name:").fill("Stamp")
    page.get_by_label("Event:").select_option("pre")
    page.get_by_label("Function:").fill("os:system")
    page.get_by_role("button", name="Save", exact=True).click()
    wrong = page.locator(".field-target")
    expect(wrong).to_contain_text("The module os is not allowed for hooks")
    assert not grave(page)
    visitor.picture("hook-form")
    page.get_by_label("Function:").fill(f"{FUNCTIONS}:stamp")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("row", name=re.compile("Stamp"))).to_contain_text("every task")
    page.get_by_role("link", name="Test Stamp").click()
    row = TaskRun.objects.get(run=scene.live, name="Fetch orders")
    page.get_by_label("Or another").fill(f"{visitor.base}/runs/{row.run_id}/tasks/{row.pk}/")
    page.get_by_role("button", name="Call it now").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("fine")
    expect(page.get_by_role("row", name=re.compile("stamped"))).to_contain_text("true")
    assert not grave(page)
    visitor.picture("hook-test")
    assert hook_functions.CALLS == [("stamp", "Fetch orders")]
    visitor.check()


def test_the_pages_look_right(visit: Any, hooks: list[HookRegistration]) -> None:  # noqa: F811
    for width, theme in LOOKS:
        visitor = visit(width, theme)
        visitor.sign_in("admin")
        for name, path in (("hooks", LIST), ("hook-form", f"{LIST}{hooks[1].pk}/change/")):
            visitor.go(path)
            expect(visitor.page.get_by_role("heading", level=1)).to_be_visible()
            visitor.picture(f"{name}-{width}-{theme}")
            visitor.check()
            assert not grave(visitor.page), (name, width, theme)


def test_an_editor_gets_no_hooks(visit: Any, hooks: list[HookRegistration]) -> None:  # noqa: F811
    make_user("edda", is_staff=True).groups.add(Group.objects.get(name="editor"))
    visitor = visit()
    visitor.sign_in("edda")
    visitor.go("/admin/")
    expect(visitor.page.get_by_role("link", name="Hooks")).to_have_count(0)
    assert visitor.page.goto(visitor.base + LIST).status == 403
