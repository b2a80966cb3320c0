"""A bench for each scenario; at its end every log and row is judged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.support.bench import Bench


@pytest.fixture
def bench(transactional_db: Any, tmp_path: Path) -> Iterator[Bench]:
    """Workers are ended before the database is emptied."""
    made = Bench(tmp_path)
    try:
        yield made
    finally:
        made.stop_workers()
    made.check()
