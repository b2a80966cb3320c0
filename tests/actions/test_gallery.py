"""The patterns that the builder offers: each is a valid tree, and a run of it ends as its description says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestration.engine.registry import default_registry
from orchestration.engine.validation import parse_tree

from .conftest import Live

GALLERY = Path(__file__).parents[2] / "frontend" / "src" / "builder" / "gallery"
#: What fails in the patterns that show how a failure is lived with.
FAILS = {"fallback": {"First way"}, "optional-enhancement": {"Extra"}}
#: A value of each pattern's last result.
ENDS_WITH: dict[str, tuple[str, Any]] = {
    "fallback": ("Use the answer", {"answer": "From the second way"}),
    "nested-groups": ("Go", {"text": "All checks are done on Monday"}),
    "optional-enhancement": ("Publish", {"text": "Sales are up", "note": "without the extra"}),
    "pipeline": ("Load", {"message": "19 sales in Turin, Oslo"}),
    "with-parameters": ("Report", {"text": "Hello, world; waited 1 s"}),
}


def patterns() -> list[Path]:
    """Return the files."""
    found = sorted(GALLERY.glob("*.json"))
    assert found
    return found


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", patterns(), ids=lambda path: path.stem)
def test_patterns_run(path: Path, live: Callable[..., Live]) -> None:
    spec = parse_tree(path.read_bytes(), default_registry)
    running = live(spec)
    assert running.end().status == "completed"
    failed = {name for name, status in running.statuses().items() if status == "failed"}
    assert failed == FAILS.get(path.stem, set())
    assert set(running.statuses().values()) <= {"completed", "failed"}
    if path.stem in ENDS_WITH:
        name, result = ENDS_WITH[path.stem]
        returned: Any = running.run.task_runs.get(name=name).result
        stored = returned["result"]
        assert {key: stored[key] for key in result} == result
