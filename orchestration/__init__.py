"""Task orchestration: engine, executors, storage, API and pages."""

from __future__ import annotations

__version__ = "0.1.0"
