"""The catalogue of executors in a real browser: look, decide, close a breaker, and try one with a real engine."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone
from playwright.sync_api import expect

from orchestration.actions.executors import decide
from orchestration.actions.sdk.local_engine import local_engine
from orchestration.models import ExecutorConfig, Run
from tests.acceptance.support.looks import LOOKS, grave
from tests.executor_use import make_use
from tests.pages.scene import HOSTILE, Scene, make_worker

from .test_pages_look import browser, scene, visit  # noqa: F401 - fixtures

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LIST = "/admin/orchestration/executorconfig/"
ECHO = f"{LIST}of/echo/"


def enter(visitor: Any) -> Any:
    """Sign in and return the page; Django's own server lacks what the overview asks for, which says nothing here."""
    visitor.sign_in("admin")
    visitor.go(LIST)
    visitor.complaints.clear()
    return visitor.page


def make_week(site: Scene) -> None:
    """A week of use, decisions, an open breaker, and a name that tries to break out."""
    Group.objects.get_or_create(name=HOSTILE)
    make_worker("engine-1", executors=["echo", "sleep", "fail", "only-there"])
    for days, failed in ((0, 1), (1, 0), (2, 2), (4, 0)):
        for executor in ("echo", "rest_executor"):
            make_use(executor, 4, failed, days_ago=days)
    decide("fail", {"breaker_failures": 3, "breaker_seconds": 600})
    decide("rest_executor", {"max_concurrency": 4, "rate_count": 100, "allowed_groups": [HOSTILE]})
    ExecutorConfig.objects.filter(executor="fail").update(
        breaker_count=3, breaker_retry_at=timezone.now() + timedelta(minutes=9)
    )


def test_an_administrator_looks_decides_and_closes_a_breaker(visit: Any, scene: Scene) -> None:  # noqa: F811
    make_week(scene)
    visitor = visit()
    page = enter(visitor)
    visitor.go("/admin/")
    page.get_by_role("link", name="Executors", exact=True).first.click()
    page.get_by_label("Breaker").select_option("open")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_role("region", name="Executors").get_by_role("row")).to_have_count(2)
    page.get_by_role("link", name="Fail on purpose").click()
    expect(page.get_by_text("It failed 3 times in a row")).to_be_visible()
    page.get_by_role("button", name="Close the circuit breaker").press("Enter")
    expect(page.get_by_text("The circuit breaker is closed")).to_be_visible()
    page.get_by_label("At a time").fill("0")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("greater than or equal to 1")).to_be_visible()
    page.get_by_label("At a time").fill("2")
    page.get_by_label("Attempts", exact=True).fill("3")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Running workers follow within two seconds")).to_be_visible()
    config = ExecutorConfig.objects.get(executor="fail")
    assert (config.max_concurrency, config.breaker_state) == (2, "closed")
    assert config.default_retry is not None and config.default_retry["max_attempts"] == 3
    visitor.check()


def test_an_executor_is_tried_and_shows_how_it_went(visit: Any, scene: Scene) -> None:  # noqa: F811
    visitor = visit()
    page = enter(visitor)
    visitor.go(f"{LIST}of/fail/")
    trial = page.get_by_role("region", name="Try it")
    trial.get_by_label("times").fill("-1")
    trial.get_by_role("button", name="Run it once").click()
    expect(trial.get_by_role("alert")).to_contain_text("greater than or equal to 0")
    visitor.go(ECHO)
    inputs = trial.get_by_label("Inputs as JSON")
    expect(inputs).to_have_value(re.compile("hello"))
    inputs.fill(json.dumps({"text": HOSTILE}))
    trial.get_by_role("button", name="Run it once").click()
    expect(trial.locator(".status")).to_have_text(re.compile("pending", re.IGNORECASE))
    inputs.fill("typed meanwhile")
    with local_engine() as engine:
        run = Run.objects.latest("queued_at")
        Run.objects.filter(pk=run.pk).update(owner=engine.worker_id)
        engine.adopt(str(run.pk)).result(timeout=30)
        expect(trial.locator(".status")).to_have_text(re.compile("completed", re.IGNORECASE))
    expect(trial.locator("pre")).to_contain_text("<script>alert")
    expect(inputs).to_have_value("typed meanwhile")
    trial.get_by_role("link", name="Look at the run").click()
    expect(page.get_by_role("heading", name="Try echo")).to_be_visible()
    visitor.check()


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_the_pages_look_right(visit: Any, scene: Scene, width: int, theme: str) -> None:  # noqa: F811
    make_week(scene)
    visitor = visit(width, theme)
    enter(visitor)
    for name, path in (("executors", LIST), ("executor", ECHO), ("executor-open", f"{LIST}of/fail/")):
        visitor.go(path)
        expect(visitor.page.get_by_role("heading", level=1)).to_be_visible()
        visitor.page.wait_for_load_state("networkidle")
        visitor.picture(f"{name}-{width}-{theme}")
        visitor.check()
        assert not grave(visitor.page), name
