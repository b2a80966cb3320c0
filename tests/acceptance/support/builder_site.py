"""A real site for the builder's browser tests, and signed-in pages that nothing goes wrong in unseen."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, StorageState, expect

from apflow.client import Client
from tests.acceptance.support.builder_page import Builder
from tests.acceptance.support.builder_trees import Document
from tests.management.test_start import ROOT, Site
from tests.pages.scene import PASSWORD

#: What the tests of the builder, and those of the run view, run.
_EXECUTORS = "tests.acceptance.support.builder_executors,tests.acceptance.support.run_executors"
#: Where the functions are that tests choose as hooks.
HOOKS = "tests.acceptance.support.run_hooks"
_MAKE_TOKEN = """
from django.contrib.auth.models import User
from orchestration.actions.tokens import create_token
print(create_token(User.objects.get(username="admin"), "builder", "admin").secret)
"""
#: The browser tells pages of what the policy kept away; the console then has it, whatever was asked for.
_TELL_VIOLATIONS = """
document.addEventListener('securitypolicyviolation', (event) =>
  console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
"""


class BuilderSite:
    """A site that runs, with web and worker processes, and its administrator's client."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.url = f"http://127.0.0.1:{site.port}"
        self.token = self._token()
        self.client = Client(self.url, self.token)
        #: The cookies of the administrator, once signed in.
        self.signed_in: StorageState | None = None

    def _token(self) -> str:
        shell = [sys.executable, "manage.py", "shell", "--no-imports", "-c", _MAKE_TOKEN]
        environment = self.site.environment
        done = subprocess.run(shell, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def make(self, tree: Document | list[Any]) -> str:
        """Store a tree; returns its id."""
        return str(self.client.import_tree(tree)["id"])

    def saved(self, tree_id: str) -> Document:
        """The document as it is stored."""
        definition: Document = self.client.tree(tree_id)["definition"]
        return definition


class Author:
    """Somebody with a browser who is signed in, and everything that their pages complained about."""

    def __init__(self, browser: Browser, site: BuilderSite) -> None:
        self.site = site
        self.complaints: list[str] = []
        #: Texts of complaints that a test brings about on purpose.
        self.expected: tuple[str, ...] = ()
        self._browser = browser
        self._contexts: list[BrowserContext] = []

    def context(self, width: int = 1440, height: int = 900, theme: Any = "light", **options: Any) -> BrowserContext:
        """A browser of one's own, signed in."""
        state = self.site.signed_in
        context = self._browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=theme,
            reduced_motion="reduce",
            base_url=self.site.url,
            storage_state=state,
            **options,
        )
        context.add_init_script(_TELL_VIOLATIONS)
        context.on("page", self._watch)
        self._contexts.append(context)
        if state is None:
            self._sign_in(context)
        return context

    def _sign_in(self, context: BrowserContext) -> None:
        page = context.new_page()
        page.goto("/login/")
        page.get_by_label("User name").fill("admin")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Overview")).to_be_attached()
        page.close()
        self.site.signed_in = context.storage_state()

    def open(self, tree: str | Document | None = None, *, in_: BrowserContext | None = None, **options: Any) -> Builder:
        """Open the builder: on a tree by its id, on a document that is stored first, or on a new tree."""
        tree_id = self.site.make(tree) if isinstance(tree, dict) else tree
        page = (in_ or self.context(**options)).new_page()
        page.goto("/trees/new/" if tree_id is None else f"/trees/{tree_id}/edit/")
        return Builder(page, self.site, tree_id).ready()

    def _watch(self, page: Page) -> None:
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self._note("error", f"{error.name}: {error.message}\n{error.stack}"))
        page.on("request", self._look_at)

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(text)

    def _look_at(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in ("http", "https", "ws", "wss") and address.netloc != urlsplit(self.site.url).netloc:
            self.complaints.append(f"Left the site: {request.url}")

    def close(self) -> None:
        """Leave, and look whether anything went wrong on the way."""
        for context in self._contexts:
            context.close()
        surprises = [text for text in self.complaints if not any(known in text for known in self.expected)]
        assert surprises == [], surprises


@pytest.fixture(scope="session")
def builder_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuilderSite]:
    """A site that runs, for all tests of the builder."""
    site = Site(tmp_path_factory.mktemp("builder"))
    site.environment |= {"APFLOW_EXAMPLES": "off", "APFLOW_EXECUTORS": _EXECUTORS, "APFLOW_HOOK_MODULES": HOOKS}
    try:
        site.start(APFLOW_ADMIN_PASSWORD=PASSWORD)
        made = BuilderSite(site)
        with made.client:
            yield made
    finally:
        site.clean_up()


@pytest.fixture
def author(browser: Browser, builder_site: BuilderSite) -> Iterator[Author]:
    """Somebody at the builder; the test fails when one of their pages had an error or left the site."""
    author = Author(browser, builder_site)
    yield author
    author.close()
