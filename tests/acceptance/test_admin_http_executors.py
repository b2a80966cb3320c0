"""An executor made in the admin, in a real browser: looked at, saved, found in the palette, with its form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from orchestration.engine.registry import default_registry
from orchestration.models import HttpExecutor
from tests.acceptance.support.looks import LOOKS, grave
from tests.pages.scene import HOSTILE, Scene

from .test_pages_look import browser, scene, visit  # noqa: F401 - fixtures

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ADD = "/admin/orchestration/httpexecutor/add/"
SCHEMA = """{
  "type": "object",
  "properties": {
    "person": {"type": "integer", "title": "Person", "description": "Number of the person in the CRM"},
    "text": {"type": "string", "title": "Note"}
  },
  "required": ["person", "text"]
}"""


@pytest.fixture(autouse=True)
def _nothing_left_over() -> Iterator[None]:
    yield
    default_registry.replace_made([], "")


def fill(page: Page) -> None:
    """Write an executor down."""
    page.get_by_label("Id:").fill("crm_note")
    page.get_by_label("Name:").fill("Note in the CRM")
    page.get_by_label("Description:").fill("Writes a note about somebody.")
    page.get_by_label("Input schema:").fill(SCHEMA)
    page.get_by_label("Examples:").fill('[{"person": 42, "text": "Has called"}]')
    page.get_by_label("Method:").select_option("POST")
    page.get_by_label("URL:").fill("https://crm.example.org/people/{{ inputs.who }}/notes")
    page.get_by_label("Headers:").fill('{"Authorization": "Bearer {{ secrets.CRM_TOKEN }}"}')
    page.get_by_label("Kind of body:").select_option("json")
    page.get_by_label("Body:", exact=True).fill('{"text": "{{ inputs.text }}"}')
    page.get_by_label("Result:").fill('{"note": "{{ body.id }}"}')


def test_one_is_looked_at_saved_and_found_in_the_palette(visit: Any, scene: Scene) -> None:  # noqa: F811
    visitor = visit()
    visitor.sign_in("admin")
    page: Page = visitor.page
    visitor.go(ADD)
    fill(page)
    page.get_by_role("button", name="Show request").click()
    expect(page.locator(".field-url .errorlist")).to_have_text(
        "The input schema has no 'who'; it has person, text; add it there, or correct the name."
    )
    expect(page.get_by_role("alert")).to_contain_text("mend what is marked above")
    page.get_by_label("URL:").fill("https://crm.example.org/people/{{ inputs.person }}/notes")
    page.get_by_role("button", name="Show request").click()
    shown = page.get_by_role("status")
    expect(shown).to_contain_text("POST https://crm.example.org/people/42/notes")
    expect(shown).to_contain_text("Authorization: Bearer •••")
    expect(shown).to_contain_text('{"text":"Has called"}')
    expect(shown).to_contain_text("CRM_TOKEN: not made yet")
    assert not grave(page, "#request")
    visitor.picture("http-executor-1280-light")
    assert not HttpExecutor.objects.exists()
    page.get_by_label("Name:").press("Enter")
    expect(page.locator(".messagelist")).to_contain_text("was added successfully")
    visitor.picture("http-executors-1280-light")
    visitor.go(f"/trees/{scene.tree.pk}/edit/")
    page.get_by_role("tab", name="Add").click()
    entry = page.get_by_role("tabpanel", name="Add").get_by_role("option", name="Note in the CRM")
    expect(entry).to_contain_text("Writes a note about somebody.")
    entry.click()
    expect(page.locator("[data-inspector]").get_by_role("textbox", name="Person")).to_be_visible()
    visitor.picture("http-executor-palette-1280-light")
    visitor.check()


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_its_pages_are_clean(visit: Any, scene: Scene, width: int, theme: str) -> None:  # noqa: F811
    HttpExecutor.objects.create(
        executor="hostile",
        name=HOSTILE,
        description=HOSTILE,
        url="https://crm.example.org/" + "a-long-part/" * 20 + "{{ inputs.text }}",
        headers={"X-Long": "word" * 60},
        input_schema={"type": "object", "properties": {"text": {"default": HOSTILE}}},
        examples=[{"text": HOSTILE}],
    )
    visitor = visit(width, theme)
    visitor.sign_in("admin")
    visitor.go("/admin/orchestration/httpexecutor/")
    visitor.picture(f"http-executors-{width}-{theme}")
    visitor.check()
    visitor.page.get_by_role("link", name="hostile").click()
    visitor.page.get_by_role("button", name="Show request").click()
    expect(visitor.page.get_by_role("status")).to_contain_text("GET https://crm.example.org/a-long-part/")
    assert not grave(visitor.page, "#request")
    visitor.picture(f"http-executor-{width}-{theme}")
    visitor.check()
