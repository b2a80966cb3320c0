"""The documentation says what the code does."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from orchestration.engine.status import TRANSITIONS, Status

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
ENGINE = "\n".join(
    path.read_text()
    for folder in ("engine", "store")
    for path in sorted((ROOT / "orchestration" / folder).glob("*.py"))
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_python_samples_compile(page: Path) -> None:
    for sample in re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL):
        ast.parse(sample)


def test_the_page_of_states_has_the_table_of_transitions() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", (ROOT / "docs/states.md").read_text(), re.MULTILINE)
    table = {Status(name): {Status(word) for word in re.findall(r"`(\w+)`", targets)} for name, targets in rows}
    assert table == {status: set(targets) for status, targets in TRANSITIONS.items()}


def test_the_page_of_events_names_every_event_and_no_other() -> None:
    page = (ROOT / "docs/events.md").read_text()
    described = set(re.findall(r"`((?:run|task)\.[a-z_]+)`", page))
    emitted = set(re.findall(r"""["']((?:run|task)\.[a-z_]+)["']""", ENGINE))
    terminal = ("completed", "failed", "cancelled")
    emitted |= {f"{scope}.{status}" for scope in ("run", "task") for status in terminal}
    assert described == emitted


def test_every_variable_that_is_read_is_in_the_reference() -> None:
    page = (ROOT / "docs/reference/configuration.md").read_text()
    described = set(re.findall(r"`([A-Z][A-Z_]+)`", page))
    settings = (ROOT / "apflow_site/settings.py").read_text()
    read = set(re.findall(r"""(?:env_\w+|environ\.get)\(\s*"([A-Z_]+)\"""", settings)) | {"APFLOW_ADMIN_PASSWORD"}
    assert described == read
