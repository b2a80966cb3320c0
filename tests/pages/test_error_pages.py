"""The page for a server error needs neither a database nor a user."""

from __future__ import annotations

from django.template.loader import get_template


def test_the_500_page_stands_alone() -> None:
    text = get_template("500.html").render()
    assert "Something broke on the server" in text
    assert "<style" not in text
