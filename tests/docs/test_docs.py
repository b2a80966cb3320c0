"""The documentation says what the code does."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import get_commands

import apflow
from orchestration.checks import KNOWN_VARIABLES
from orchestration.engine import validation
from orchestration.engine.definition import FORMAT
from orchestration.engine.status import TRANSITIONS, Status

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
ENGINE_FILES = [
    path for folder in ("engine", "store") for path in sorted((ROOT / "orchestration" / folder).glob("*.py"))
]
ENGINE = "\n".join(path.read_text(encoding="utf-8") for path in ENGINE_FILES)


def _text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def _samples(language: str) -> list[Any]:
    fence = re.compile(rf"^```{language}\n(.*?)^```", re.DOTALL | re.MULTILINE)
    return [
        pytest.param(sample, id=f"{page.relative_to(ROOT)}-{number}")
        for page in PAGES
        for number, sample in enumerate(fence.findall(page.read_text(encoding="utf-8")), start=1)
    ]


def _anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


# --- links and samples ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)", page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        other = page.parent / target if target else page
        assert other.exists(), target
        if anchor:
            assert anchor in _anchors(other), f"{target}#{anchor}"


def test_every_page_is_linked_from_another_one() -> None:
    linked = {
        (page.parent / target).resolve()
        for page in PAGES
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
        if "://" not in target
    }
    wanted = [path for path in (ROOT / "docs").rglob("*") if path.suffix in (".md", ".png")]
    assert [str(path.relative_to(ROOT)) for path in wanted if path.resolve() not in linked] == []


@pytest.mark.parametrize("sample", _samples("python"))
def test_python_samples_compile(sample: str) -> None:
    tree = ast.parse(sample)
    if any(isinstance(node, ast.Import | ast.ImportFrom) for node in tree.body):
        # A sample with its imports is complete; others are lines out of a function.
        compile(tree, "sample", "exec")


@pytest.mark.parametrize("sample", _samples("json"))
def test_json_samples_are_json_and_trees_are_valid(sample: str) -> None:
    document = json.loads(sample)
    if isinstance(document, list) or document.get("format") == FORMAT:
        validation.read_tree(document, None)


# --- states and events ------------------------------------------------------------------------------------------------


def test_the_page_of_states_has_the_table_of_transitions() -> None:
    page = _text("docs/states.md")
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", page.split("```mermaid")[0], re.MULTILINE)
    table = {Status(name): {Status(word) for word in re.findall(r"`(\w+)`", targets)} for name, targets in rows}
    assert table == {status: set(targets) for status, targets in TRANSITIONS.items()}


def test_the_diagram_of_states_has_the_same_transitions() -> None:
    arrows = re.findall(r"^    (\w+) --> (\w+)", _text("docs/states.md"), re.MULTILINE)
    drawn = {(Status(source), Status(target)) for source, target in arrows}
    assert drawn == {(source, target) for source, targets in TRANSITIONS.items() for target in targets}


def test_the_page_of_events_names_every_event_and_no_other() -> None:
    described = set(re.findall(r"`((?:run|task)\.[a-z_]+)`", _text("docs/events.md")))
    emitted = set(re.findall(r"""["']((?:run|task)\.[a-z_]+)["']""", ENGINE))
    # The ends are emitted as f"task.{status}" and f"run.{status}".
    emitted |= {f"{scope}.{status}" for scope in ("run", "task") for status in Status if status.is_terminal}
    assert described == emitted


# --- configuration and commands ---------------------------------------------------------------------------------------


def _variables_read() -> set[str]:
    read = set(re.findall(r"""(?:env_\w+|environ\.get)\(\s*"([A-Z_]+)\"""", _text("apflow_site/settings.py")))
    return read | {"APFLOW_ADMIN_PASSWORD"}  # read at the first start alone


@pytest.mark.parametrize("page", ["README.md", "docs/reference/configuration.md"])
def test_every_variable_that_is_read_is_described(page: str) -> None:
    described = set(re.findall(r"^\| `([A-Z][A-Z_]+)` \|", _text(page), re.MULTILINE))
    assert described == _variables_read()


def test_the_checks_know_every_variable() -> None:
    assert {name for name in _variables_read() if name.startswith("APFLOW_")} == KNOWN_VARIABLES


def test_every_command_is_in_the_reference() -> None:
    described = set(re.findall(r"^\| `(\w+)", _text("docs/reference/commands.md").split("##")[0], re.MULTILINE))
    assert described == {name for name, app in get_commands().items() if app == "orchestration"}


# --- definitions, results and the SDK ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("section", "fields"),
    [
        ("`tree`", validation._TREE_FIELDS),
        ("`tasks[]`", validation._TASK_FIELDS),
        ("`dependencies[]`", ("id", "required")),
        ("`retry`", ("max_attempts", "backoff", "base_seconds", "cap_seconds", "jitter")),
    ],
)
def test_every_field_of_the_tree_document_is_described(section: str, fields: tuple[str, ...]) -> None:
    page = _text("docs/reference/tree-document.md")
    part = page.split(f"\n## {section}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`.+?`) \|", part, re.MULTILINE)
    assert sorted(name for row in rows for name in re.findall(r"`(\w+)`", row)) == sorted(fields)


def _error_types_set() -> Iterator[str]:
    for path in ENGINE_FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("Outcome", "Outcome.failed", "cls"):
                given = [keyword.value for keyword in node.keywords if keyword.arg == "error_type"]
                given += node.args[1:2] if ast.unparse(node.func) == "Outcome.failed" else []
                yield from (
                    value.value for value in given if isinstance(value, ast.Constant) and isinstance(value.value, str)
                )


def test_every_error_type_of_the_engine_is_described() -> None:
    page = _text("docs/reference/results-and-errors.md")
    described = set(re.findall(r"`([a-z_]+)`", page.split("## Error types")[1].split("## Retries")[0]))
    assert set(_error_types_set()) - {"skipped"} <= described


def test_every_name_of_the_sdk_is_described() -> None:
    described = set(re.findall(r"`(\w+)", _text("docs/reference/sdk.md")))
    assert set(apflow.__all__) - described == set()
