"""The page that tests the connection: what it gives its script, and the settings of proxies that it shows."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest
from django.test import Client

from orchestration.pages.selftest import PATHS, PROXIES

from .conftest import text_of

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "how-to" / "run-behind-a-proxy.md"


def test_the_script_is_told_whom_to_ask(as_viewer: Client) -> None:
    text = text_of(as_viewer.get("/selftest/"))
    boot = re.search(r'<script id="boot" type="application/json">(.+?)</script>', text)
    assert boot is not None
    assert json.loads(boot[1]) == PATHS
    assert 'src="/static/app/selftest.js"' in text
    assert 'id="selftest-results"' in text


def test_page_and_guide_show_the_same_settings(as_viewer: Client) -> None:
    page, guide = html.unescape(text_of(as_viewer.get("/selftest/"))), GUIDE.read_text(encoding="utf-8")
    for name, file in PROXIES.items():
        settings = (ROOT / "templates" / "pages" / "proxies" / file).read_text(encoding="utf-8")
        assert settings in page, name
        assert settings in guide, name
    for line in re.findall(r"^export .+$", guide, re.MULTILINE):
        assert line in page


def test_it_is_linked_from_every_page(as_viewer: Client) -> None:
    assert 'href="/selftest/"' in text_of(as_viewer.get("/"))
