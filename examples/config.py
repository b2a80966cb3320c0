"""What the example executors read from the environment, in one place."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

#: The logs that come with the examples.
LOGS_DIR: Final = Path(__file__).resolve().parent / "data"
#: How long a page may take to answer.
PAGE_TIMEOUT_SECONDS: Final = float(os.environ.get("EXAMPLES_PAGE_TIMEOUT", "5"))


def data_dir() -> Path:
    """Return the site's data directory: reports are written below it, and nowhere else."""
    named = os.environ.get("APFLOW_DATA_DIR")
    return Path(named).resolve() if named else Path(__file__).resolve().parent.parent / "var"
