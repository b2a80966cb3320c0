"""The administration in a real browser: every kind of page, light, dark, wide and narrow, and to the pages and back."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import models
from django.urls import reverse
from playwright.sync_api import expect

from orchestration.models import AuditEntry, Dependency, Run, Secret, Task, TaskRun, Tree, Worker
from tests.acceptance.support.looks import grave
from tests.admin.filled import fill_table
from tests.pages.scene import HOSTILE, Scene, make_tree, make_user

from .test_pages_look import browser, scene, visit  # noqa: F401 - fixtures

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def address(model: type[models.Model], page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def places(site: Scene) -> dict[str, str]:
    """Every kind of page."""
    make_tree(HOSTILE, tasks=2, description=HOSTILE)
    task = site.tree.tasks.all()[1]
    found = {
        "index": reverse("admin:index"),
        "app": reverse("admin:app_list", args=["orchestration"]),
        "tree": address(Tree, "change", site.tree.pk),
        "tree-history": address(Tree, "history", site.tree.pk),
        "tree-delete": address(Tree, "delete", site.tree.pk),
        "task": address(Task, "change", task.pk),
        "dependency-add": address(Dependency, "add"),
        "run": address(Run, "change", site.failed.pk),
        "task-run": address(TaskRun, "change", site.failed.task_runs.get().pk),
        "secret-add": address(Secret, "add"),
        "user": address(type(site.tree.owner), "change", site.tree.owner_id),  # type: ignore[arg-type]
        "group": address(Group, "change", Group.objects.order_by("pk")[0].pk),
    }
    for model in (Tree, Run, Worker):
        found[f"list-{model._meta.model_name}"] = address(model, "changelist")
    return found


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (390, "dark")])
def test_every_kind_of_page_is_clean_and_accessible(visit: Any, scene: Scene, width: int, theme: str) -> None:  # noqa: F811
    visitor = visit(width, theme)
    visitor.sign_in("admin")
    found: list[tuple[str, tuple[str, list[str]]]] = []
    for name, place in places(scene).items():
        visitor.go(place)
        visitor.page.wait_for_load_state("load")
        visitor.picture(f"admin-{name}-{width}-{theme}")
        visitor.check()
        found.extend((name, violation) for violation in grave(visitor.page))
    assert not found, "\n".join(f"{name}: {violation}" for name, violation in found)


def test_every_list_is_clean(visit: Any, scene: Scene) -> None:  # noqa: F811
    visitor = visit()
    visitor.sign_in("admin")
    for model in admin.site._registry:
        fill_table(model)
        visitor.go(address(model, "changelist"))
        visitor.picture(f"admin-list-{model._meta.model_name}-1280-light")
        visitor.check()


def test_a_phone_has_the_whole_width_and_every_place(visit: Any, scene: Scene) -> None:  # noqa: F811
    visitor = visit(390)
    visitor.sign_in("admin")
    page = visitor.page
    for place in ("/", address(Worker, "changelist"), address(AuditEntry, "changelist")):
        visitor.go(place)
        for link in page.get_by_role("navigation", name="Main").get_by_role("link").all():
            box = link.bounding_box()
            assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 390, (place, link.inner_text())
        visitor.check()
    box = page.locator("#changelist").bounding_box()
    assert box is not None and box["width"] > 320
    at = page.locator("#result_list tbody th time").first
    assert (at.get_attribute("title") or "").endswith(" UTC")
    expect(at).not_to_contain_text("UTC")


def test_the_theme_of_the_site_is_the_theme_of_the_admin(visit: Any, scene: Scene) -> None:  # noqa: F811
    visitor = visit()
    visitor.sign_in("admin")
    page = visitor.page
    visitor.go("/admin/")
    dark, light = "rgb(14, 18, 23)", "rgb(246, 247, 249)"
    background = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(background) == light
    page.locator(".theme-toggle:visible").first.click()
    for place in ("/admin/orchestration/tree/", "/"):
        visitor.go(place)
        assert page.evaluate(background) == dark
    page.get_by_role("button", name="Theme: dark").click()
    page.get_by_role("button", name="Theme: auto").click()
    visitor.go("/admin/")
    assert page.evaluate(background) == light
    visitor.check()


def test_from_the_admin_to_the_pages_and_back(visit: Any, scene: Scene) -> None:  # noqa: F811
    visitor = visit()
    visitor.sign_in("admin")
    page = visitor.page
    visitor.go("/admin/")
    page.get_by_role("region", name="Definition").get_by_role("link", name="Trees").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Trees")
    page.get_by_role("searchbox", name="Search").fill("Nightly")
    page.keyboard.press("Enter")
    page.locator("#result_list").get_by_role("link", name="Nightly import").click()
    page.get_by_role("link", name="Open its page").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Nightly import")
    page.get_by_role("link", name="In the admin").click()
    page.locator(".object-tools").get_by_role("link", name="Runs", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Runs")
    expect(page.locator("#result_list tbody tr")).to_have_count(scene.tree.runs.count())
    page.locator("#result_list tbody tr th a").first.click()
    page.get_by_role("link", name="Who changed this").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Audit entries")
    visitor.check()


def test_the_search_of_an_opened_list_has_a_name(visit: Any, scene: Scene) -> None:  # noqa: F811
    visitor = visit()
    visitor.sign_in("admin")
    page = visitor.page
    visitor.go(reverse("admin:orchestration_incomingwebhook_add"))
    page.locator(".field-tree .select2-selection").click()
    expect(page.locator(".select2-dropdown").get_by_role("searchbox", name="Tree", exact=True)).to_be_focused()
    visitor.check()


def test_others_are_told_that_it_is_not_theirs(visit: Any, scene: Scene) -> None:  # noqa: F811
    make_user("vic")
    visitor = visit()
    visitor.sign_in("vic")
    page = visitor.page
    expect(page.get_by_role("navigation", name="Main").get_by_role("link", name="Admin")).to_have_count(0)
    visitor.go("/admin/orchestration/worker/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("main")).to_contain_text("The administration is for staff and for members of the role admin.")
    visitor.go(address(Worker, "changelist"))
    assert not grave(page)
