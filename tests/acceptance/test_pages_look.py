"""Every page in a real browser: light and dark, wide and narrow, without an error and without a sideways scroll."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Page, expect

from orchestration.engine.status import Status
from orchestration.models import Run, TaskRun
from tests.acceptance.support.looks import LOOKS, grave
from tests.browser import chromium_running
from tests.pages.scene import PASSWORD, Scene, make_run, make_scene, make_tree, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

#: Django's own server has no streams; the pages do without them there.
STREAMS = ("/ws/overview/", "/api/v1/overview")
#: Screenshots go there when it is set.
PICTURES = os.environ.get("APFLOW_SCREENSHOTS")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium_running() as chromium:
        yield chromium


class Visitor:
    """Somebody with a browser; remembers everything that the console complained about."""

    def __init__(self, context: BrowserContext, base: str) -> None:
        self.page: Page = context.new_page()
        self.base = base
        self.complaints: list[str] = []
        self.page.on("console", lambda message: self._note(message.type, f"{message.text} {message.location['url']}"))
        self.page.on("pageerror", lambda error: self._note("error", str(error)))

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not any(stream in text for stream in STREAMS):
            self.complaints.append(text)

    def go(self, path: str) -> None:
        self.page.goto(self.base + path)

    def sign_in(self, name: str) -> None:
        self.go("/login/")
        self.page.get_by_label("User name").fill(name)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("heading", name="Overview")).to_be_attached()
        self.page.wait_for_load_state("load")

    def picture(self, name: str) -> None:
        if PICTURES:
            self.page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)

    def check(self) -> None:
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{self.page.url} is {wide} pixels wider than the window"
        assert self.complaints == []


@pytest.fixture
def visit(browser: Browser, live_server: Any) -> Iterator[Any]:
    contexts = []

    def start(width: int = 1280, theme: Any = "light") -> Visitor:
        size: Any = {"width": width, "height": 800}
        contexts.append(browser.new_context(viewport=size, color_scheme=theme, base_url=live_server.url))
        return Visitor(contexts[-1], live_server.url)

    yield start
    for context in contexts:
        context.close()


@pytest.fixture
def scene() -> Scene:
    return make_scene(make_user("admin", is_superuser=True, is_staff=True))


def _addresses(scene: Scene) -> dict[str, str]:
    checked = scene.live.task_runs.get(name="Check totals")
    return {
        "overview": "/",
        "trees": "/trees/",
        "trees-none": "/trees/?q=nothing",
        "tree": reverse("tree", args=[scene.tree.pk]),
        "tree-parameters": reverse("tree", args=[scene.with_parameters.pk]),
        "runs": "/runs/",
        "run": reverse("run", args=[scene.failed.pk]),
        "run-live": reverse("run", args=[scene.live.pk]) + f"?open={checked.pk}",
        "admin": "/admin/",
        "admin-trees": "/admin/orchestration/tree/",
        "admin-tree": f"/admin/orchestration/tree/{scene.tree.pk}/change/",
        "admin-task": f"/admin/orchestration/task/{scene.tree.tasks.all()[1].pk}/change/",
        "admin-runs": "/admin/orchestration/run/",
        "admin-run": f"/admin/orchestration/run/{scene.failed.pk}/change/",
        "admin-task-runs": "/admin/orchestration/taskrun/",
        "admin-workers": "/admin/orchestration/worker/",
        "task-run": reverse("task-run", args=[scene.live.pk, checked.pk]),
    }


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_every_page_is_clean(visit: Any, scene: Scene, width: int, theme: str) -> None:
    visitor = visit(width, theme)
    visitor.go("/login/")
    visitor.picture(f"login-{width}-{theme}")
    visitor.check()
    visitor.sign_in("admin")
    for name, address in _addresses(scene).items():
        visitor.go(address)
        visitor.page.wait_for_load_state("networkidle" if name.startswith("admin") else "load")
        visitor.picture(f"{name}-{width}-{theme}")
        visitor.check()


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (390, "dark")])
def test_every_page_is_accessible(visit: Any, scene: Scene, width: int, theme: str) -> None:
    visitor = visit(width, theme)
    visitor.sign_in("admin")
    found: list[tuple[str, str, list[str]]] = []
    for name, address in {**_addresses(scene), "missing": "/nothing/"}.items():
        if name.startswith("admin"):
            continue  # Django's own pages
        visitor.go(address)
        found.extend((name, *what) for what in grave(visitor.page))
    assert found == []


def test_an_error_page_looks_like_the_others(visit: Any, scene: Scene) -> None:
    visitor = visit(390)
    visitor.sign_in("admin")
    visitor.go("/nothing/here/")
    visitor.picture("404-390-light")
    expect(visitor.page.get_by_role("heading", name="There is nothing here")).to_be_visible()
    # The browser itself notes that the answer was a 404.
    assert all("404" in text for text in visitor.complaints)


def test_the_theme_is_kept(visit: Any, scene: Scene) -> None:
    visitor = visit()
    visitor.sign_in("admin")
    visitor.page.get_by_role("button", name="Theme: auto").click()
    visitor.page.get_by_role("button", name="Theme: light").click()
    visitor.go("/runs/")
    assert visitor.page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert visitor.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(14, 18, 23)"
    visitor.go("/admin/")
    assert visitor.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(14, 18, 23)"


def test_a_live_run_moves_by_itself(visit: Any, scene: Scene) -> None:
    visitor = visit()
    visitor.sign_in("admin")
    visitor.go(reverse("run", args=[scene.live.pk]))
    page = visitor.page
    running = scene.live.task_runs.get(name="Load orders")
    opened = page.locator(f"#task-{running.pk}")
    opened.locator("summary").first.click()
    expect(opened).to_have_attribute("open", "")
    page.evaluate("window.isTheSamePage = true; document.querySelector('details.task[open]').dataset.mark = '1'")
    finished = {"status": Status.COMPLETED, "finished_at": running.started_at, "result": {"loaded": "all of them"}}
    TaskRun.objects.filter(pk=running.pk).update(**finished)
    expect(opened.locator("summary .status").first).to_have_text("Completed")
    expect(opened).to_contain_text("all of them")
    Run.objects.filter(pk=scene.live.pk).update(status=Status.FAILED, finished_at=running.started_at, owner=None)
    expect(page.locator(".head-status .status")).to_have_text("Failed")
    expect(page.locator("[data-announcer]")).to_have_text("Run: Failed. 1 failed.")
    expect(page.locator("main[data-active]")).to_have_count(0)
    expect(page).to_have_title("Failed · Nightly import · apflow")
    # The open task was never closed, nor made anew.
    assert page.evaluate("window.isTheSamePage && document.querySelector('details.task[open]').dataset.task") == str(
        running.pk
    )
    visitor.check()


def test_a_task_of_a_large_run_brings_its_details_when_it_is_opened(visit: Any, scene: Scene) -> None:
    run = make_run(scene.tree, Status.COMPLETED, tasks=300)
    TaskRun.objects.filter(run=run, ordinal=7).update(result={"word": "brought later"})
    visitor = visit(390)
    visitor.sign_in("admin")
    visitor.go(reverse("run", args=[run.pk]))
    task = visitor.page.locator("details.task").nth(7)
    task.locator("summary").first.click()
    expect(task).to_contain_text("brought later")
    assert "open=" in visitor.page.url
    visitor.picture("run-large-390-light")
    visitor.check()


def test_a_double_click_on_run_is_one_run(visit: Any, scene: Scene) -> None:
    tree = make_tree("Clicked", tasks=1)
    visitor = visit()
    visitor.sign_in("admin")
    visitor.go(reverse("tree", args=[tree.pk]))
    visitor.page.get_by_role("button", name="Run").dblclick()
    visitor.page.wait_for_url("**/runs/*/live/")
    assert tree.runs.count() == 1


def test_keyboard_and_menu(visit: Any, scene: Scene) -> None:
    visitor = visit()
    visitor.sign_in("admin")
    visitor.page.keyboard.press("Tab")
    expect(visitor.page.get_by_role("link", name="Skip to the content")).to_be_focused()
    visitor.page.locator("details.menu summary").click()
    visitor.page.keyboard.press("Escape")
    expect(visitor.page.get_by_role("button", name="Sign out")).not_to_be_visible()
    visitor.page.locator("details.menu summary").click()
    visitor.page.get_by_role("button", name="Sign out").click()
    expect(visitor.page.get_by_role("heading", name="Sign in")).to_be_attached()
    visitor.check()


def test_the_admin_suggests_tasks_of_the_same_tree(visit: Any, scene: Scene) -> None:
    visitor = visit()
    visitor.sign_in("admin")
    visitor.go(f"/admin/orchestration/task/{scene.tree.tasks.order_by('ordinal')[0].pk}/change/")
    page = visitor.page
    page.get_by_role("button", name="Add another Task that it waits for").click()
    page.locator("#dependencies-0 .select2-selection").click()
    expect(page.locator(".select2-results__option")).to_have_text([f"Step {n}" for n in range(6)])
    page.locator(".select2-results__option", has_text="Step 5").click()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".errorlist")).to_contain_text("The dependencies form a cycle")
    visitor.picture("admin-cycle-1280-light")
    visitor.check()
