"""Signed-in browsers at runs that tests write themselves: a real web process on the test's own database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from playwright.sync_api import Browser, BrowserContext

from benchmarks.web_process import WebProcess
from tests.acceptance.support.run_parts import RunParts


class Watchers:
    """Browsers of one person who sees everything."""

    def __init__(self, browser: Browser, host: str, user: User) -> None:
        self._browser, self._host, self._user = browser, host, user
        self._contexts: list[BrowserContext] = []
        #: What went wrong in the pages, beyond what the line's own trouble brings about.
        self.errors: list[str] = []

    def open(self, run_id: str, query: str = "", width: int = 1280, height: int = 800, **options: Any) -> RunParts:
        """Open a run in a browser of its own."""
        client = Client()
        client.force_login(self._user)
        base = f"http://{self._host}"
        size: Any = {"width": width, "height": height}
        context = self._browser.new_context(viewport=size, base_url=base, reduced_motion="reduce", **options)
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": base}])
        self._contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.errors.append(f"{error.name}: {error.message}\n{error.stack}"))
        return RunParts(page, run_id, query)

    def close(self) -> None:
        """Leave; the pages must not have had an error."""
        for context in self._contexts:
            context.close()
        assert self.errors == []


@contextmanager
def watching(browser: Browser, web: WebProcess) -> Iterator[Watchers]:
    """Somebody who sees everything, with as many browsers as are opened."""
    made = Watchers(browser, web.host, User.objects.create_superuser("watcher"))
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def watchers(browser: Browser, web: WebProcess, transactional_db: Any, same_secret_key: None) -> Iterator[Watchers]:
    """Somebody at the test's own web process."""
    with watching(browser, web) as made:
        yield made


def write_lines(run_id: str, count: int) -> None:
    """Write log lines into the first task of a run, every tenth a WARNING, as if they had been there for long."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO orchestration_tasklog (task_run_id, attempt, level, logger, message, at)
            SELECT task.id, 1, CASE WHEN number %% 10 = 0 THEN 30 ELSE 20 END, 'test', 'line ' || number, now()
            FROM generate_series(1, %s) number,
                (SELECT id FROM orchestration_taskrun WHERE run_id = %s ORDER BY ordinal LIMIT 1) task
            ORDER BY number
            """,
            [count, run_id],
        )
