"""Small pieces of Markdown that the reports are made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#])")


def escape(value: object) -> str:
    """Return a value as text that stays text in Markdown: no line breaks, no markup."""
    if isinstance(value, float):
        value = f"{value:,.2f}"
    elif isinstance(value, int) and not isinstance(value, bool):
        value = f"{value:,}"
    return _SPECIAL.sub(r"\\\1", " ".join(str(value).split()))


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table."""
    lines = [headings, ["---"] * len(headings), *([escape(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def section(heading: str, body: str) -> str:
    """Return a section with its heading."""
    return f"## {escape(heading)}\n\n{body}\n"


def document(title: str, parts: Iterable[str]) -> str:
    """Return a whole document."""
    return "\n".join([f"# {escape(title)}\n", *parts])
