"""The interactive pages in a real browser: under the strict policy, without a request to anywhere else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect

from tests.browser import chromium_running

from .conftest import person


@pytest.mark.django_db
def test_strangers_are_asked_to_sign_in() -> None:
    response = Client().get("/api/v1/docs")
    assert (response.status_code, response["Location"]) == (302, "/login/?next=/api/v1/docs")


@pytest.mark.django_db
def test_the_page_has_nothing_inline_and_the_sites_policy() -> None:
    browser = Client()
    browser.force_login(person("vic"))
    response = browser.get("/api/v1/docs")
    text = response.content.decode()
    assert "unsafe" not in response["Content-Security-Policy"]
    assert text.count("<script") == text.count('<script src="/static/')
    assert " style=" not in text
    assert "<style" not in text


@pytest.fixture
def page(live_server: Any) -> Iterator[Page]:
    with chromium_running() as chromium:
        yield chromium.new_context(base_url=live_server.url).new_page()


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_people_can_read_and_try_the_api(page: Page, live_server: Any) -> None:
    session = Client()
    session.force_login(person("edda"))
    cookie = session.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
    complaints: list[str] = []
    addresses: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type != "log" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: addresses.append(request.url))

    page.goto("/api/v1/docs")

    operation = page.locator("#operations-people-read_me")
    operation.get_by_role("button").first.click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table td.response-col_status:not(.col_header)")).to_contain_text("200")
    expect(operation.locator(".live-responses-table")).to_contain_text('"edda"')

    outside = [url for url in addresses if not url.startswith((live_server.url, "data:"))]
    assert outside == []
    assert complaints == []
