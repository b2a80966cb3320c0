"""Secrets in the admin in a real browser: made, granted, replaced, used by a run, and never sent back."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection
from playwright.sync_api import Page, expect

from apflow import BaseTask, executor_register
from orchestration.actions.runs import RunRequest, start_spec
from orchestration.actions.sdk.local_engine import local_engine
from orchestration.engine.definition import TaskSpec, TreeSpec
from orchestration.engine.secret_places import MASK
from orchestration.models import Run, Secret, SecretUse
from orchestration.store.vault import unseal
from tests.acceptance.support.looks import grave
from tests.pages.scene import Scene

from .test_pages_look import browser, scene, visit  # noqa: F401 - fixtures

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FIRST, SECOND = "f1rst-value-of-the-crm", "s3cond-value-of-the-crm"
SECRETS, USES = "/admin/orchestration/secret/", "/admin/orchestration/secretuse/"


@executor_register(id="keyed")
class Keyed(BaseTask):
    """Tells how long its key is, and the key."""

    def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Leak."""
        self.log.info("the key is %s", inputs["key"])
        return {"length": len(inputs["key"]), "key": inputs["key"]}


def run_with_the_secret() -> Run:
    """Run a task that names it to its end, in an engine of this process; the browser's loop has this thread."""
    ended: list[Run] = []

    def work() -> None:
        with local_engine() as engine:
            spec = TreeSpec("Keyed", (TaskSpec("use", "Use it", "keyed", {"key": "{{ secrets.CRM }}"}),))
            run = start_spec(spec, RunRequest(owner=engine.worker_id))
            engine.adopt(str(run.pk)).result(timeout=60)
            ended.append(run)
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    ended[0].refresh_from_db()
    return ended[0]


def watch(page: Page) -> list[str]:
    """Collect whatever the site sends from now on, as text."""
    sent: list[str] = []
    page.on("response", lambda answer: sent.append(_text_of(answer)))
    return sent


def _text_of(answer: Any) -> str:
    try:
        return f"{answer.headers} {answer.text()}"
    except Exception:  # noqa: BLE001 - a redirect has no body, nor has what was left
        return str(answer.headers)


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".messagelist")).to_be_visible()


def test_a_secret_is_made_granted_replaced_and_used(visit: Any, scene: Scene) -> None:  # noqa: F811
    visitor = visit()
    visitor.sign_in("admin")
    page = visitor.page

    # Made and granted; with a mistake in it, what was typed as its value is not sent back.
    visitor.go(f"{SECRETS}add/")
    page.get_by_label("Name").fill("2nd")
    page.get_by_label("Value", exact=False).first.fill(FIRST)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".errornote")).to_be_visible()
    assert FIRST not in page.content()
    expect(page.locator("#id_value")).to_have_value("")
    page.get_by_label("Name").fill("CRM")
    page.locator("#id_value").fill(FIRST)
    page.get_by_label("Executors").select_option(["keyed"])
    save(page)
    row = page.locator("#result_list tbody tr")
    expect(row).to_contain_text("keyed")
    secret = Secret.objects.get()
    assert unseal(secret) == FIRST

    # Replaced; nothing shows either value.
    change = f"{SECRETS}{secret.pk}/change/"
    visitor.go(change)
    expect(page.locator("#id_value")).to_have_value("")
    page.locator("#id_value").fill(SECOND)
    save(page)
    secret.refresh_from_db()
    assert unseal(secret) == SECOND
    places = (SECRETS, change, f"{SECRETS}{secret.pk}/history/", "/admin/orchestration/auditentry/")
    for place in places:
        visitor.go(place)
        shown = page.content()
        assert not [text for text in (FIRST, SECOND, secret.ciphertext) if text in shown], place
        assert not grave(page), place

    # Used: the run has it nowhere, and the log of uses names the run.
    run = run_with_the_secret()
    assert run.status == "completed", run.error
    assert run.task_runs.get().result == {"length": len(SECOND), "key": MASK}
    visitor.go(change)
    page.get_by_role("link", name="Who has used it").click()
    row = page.locator("#result_list tbody tr")
    expect(row).to_have_count(SecretUse.objects.count())
    expect(row).to_contain_text("keyed")
    assert SECOND not in page.content()
    row.get_by_role("link", name=str(run.pk)).click()
    page.wait_for_url(f"**/runs/{run.pk}/**")
    page.wait_for_load_state("load")
    assert not [text for text in (FIRST, SECOND) if text in page.content()]


def test_a_second_click_on_save_does_not_meet_what_the_first_has_saved(visit: Any, scene: Scene) -> None:  # noqa: F811
    visitor = visit()
    visitor.sign_in("admin")
    visitor.go(f"{SECRETS}add/")
    visitor.page.fill("#id_name", "CRM")
    visitor.page.fill("#id_value", FIRST)
    refused = visitor.page.evaluate("""() => {
        const refused = [];
        const keep = (event) => { refused.push(event.defaultPrevented); event.preventDefault(); };
        addEventListener('submit', keep);
        const save = document.querySelector('[name=_save]');
        save.click();
        save.click();
        removeEventListener('submit', keep);
        return refused;
    }""")
    assert refused == [False, True]


def test_no_value_is_ever_sent_back(visit: Any, scene: Scene) -> None:  # noqa: F811
    visitor = visit()
    visitor.sign_in("admin")
    page = visitor.page
    sent = watch(page)
    visitor.go(f"{SECRETS}add/")
    page.get_by_label("Name").fill("CRM")
    page.locator("#id_value").fill(FIRST)
    save(page)
    page.locator("#result_list").get_by_role("link", name="CRM").click()
    expect(page.get_by_label("Name")).to_have_value("CRM")
    page.locator("#id_value").fill("short")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".errornote")).to_be_visible()
    page.go_back()
    visitor.go("/api/v1/secrets")
    page.wait_for_load_state("load")
    assert len(sent) > 5 and not [text for text in sent if FIRST in text]
