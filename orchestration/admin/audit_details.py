"""What an entry of the audit trail says has changed, as a table: each field, what was there and what is now."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString


def details_of(detail: dict[str, Any]) -> SafeString:
    """Return the details of an entry: what changed as a table, and all else as JSON."""
    rows = list(_changes(detail))
    rest = {name: value for name, value in detail.items() if not rows or name not in ("changed", "before", "after")}
    table = format_html(
        '<table><thead><tr><th scope="col">Field</th><th scope="col">Before</th><th scope="col">After</th></tr></thead>'
        "<tbody>{}</tbody></table>",
        format_html_join("", '<tr><th scope="row">{}</th><td>{}</td><td>{}</td></tr>', rows),
    )
    more = format_html("<pre>{}</pre>", json.dumps(rest, indent=2, ensure_ascii=False))
    return format_html("{}{}", table if rows else "", more if rest or not rows else "")


def _changes(detail: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield name, before and after of each field that changed, whichever of the two forms the entry has."""
    changed, before, after = (detail.get(name) for name in ("changed", "before", "after"))
    if isinstance(changed, dict):
        for name, pair in changed.items():
            # In place of a pair stands what is said of a value that is never kept.
            old, new = pair if isinstance(pair, list) and len(pair) == 2 else ("not kept", pair)
            yield _row(name, old, new)
    elif isinstance(before, dict) and isinstance(after, dict):
        for name in after:
            if before.get(name) != after[name]:
                yield _row(name, before.get(name), after[name])


def _row(name: str, before: Any, after: Any) -> tuple[str, str, str]:
    label = name.replace("_", " ")
    if not isinstance(before, list) or not isinstance(after, list):
        return label, _words(before), _words(after)
    # Of two lists, what went and what came: what stays would hide it.
    gone, new = [one for one in before if one not in after], [one for one in after if one not in before]
    stays = len(before) - len(gone)
    note = f" (and {stays} more that stay{'s' if stays == 1 else ''})" if stays else ""
    return label, f"{_listed(gone)}{note}", f"{_listed(new)}{note}"


def _listed(values: list[Any]) -> str:
    return ", ".join(_words(value) for value in values) or "none"


def _words(value: Any) -> str:
    if value is None or value == "":
        return "empty"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return _listed(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
