"""The engine that runs trees in the caller's own process, alive only while it has something to run."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from orchestration.actions.engines import make_engine
from orchestration.engine.engine import Engine

#: Tasks that run at once in one process, over all its trees; a `TaskManager` bounds each tree further.
LOCAL_SLOTS = 200

_lock = threading.Lock()
_engine: Engine | None = None
_users = 0


@contextmanager
def local_engine() -> Iterator[Engine]:
    """Yield this process's engine. It starts with its first user and stops with its last, so nothing is left over."""
    engine = _acquire()
    try:
        yield engine
    finally:
        _release()


def _acquire() -> Engine:
    global _engine, _users
    with _lock:
        if _engine is None:
            engine = make_engine(slots=LOCAL_SLOTS, drain_seconds=0, accepts_runs=False)
            engine.start()
            _engine = engine
        _users += 1
        return _engine


def _release() -> None:
    global _engine, _users
    with _lock:
        _users -= 1
        if _users == 0 and _engine is not None:
            _engine.stop(0)
            _engine = None
