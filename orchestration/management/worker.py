"""The worker process: the engine, its signals, and nothing else."""

from __future__ import annotations

import logging
import signal
import threading
from types import FrameType

from django.conf import settings
from django.db import close_old_connections

from orchestration import __version__
from orchestration.engine.engine import Engine, EngineOptions
from orchestration.store.engine_store import PostgresStore
from orchestration.store.queries import StoredQueries

logger = logging.getLogger("apflow.worker")


def make_engine(*, slots: int, drain_seconds: float, accepts_runs: bool = True, name: str = "") -> Engine:
    """Build an engine on this installation's database, with its settings."""
    options = EngineOptions(
        slots=slots,
        lease_seconds=settings.APFLOW_LEASE_SECONDS,
        drain_seconds=drain_seconds,
        accepts_runs=accepts_runs,
        name=name,
        version=__version__,
        child_setup="orchestration.discovery:set_up",
    )
    return Engine(PostgresStore(), StoredQueries(), options, around_thread=close_old_connections)


def serve(engine: Engine) -> None:
    """Run the engine until SIGTERM or SIGINT. The first one drains, a second one hands everything back at once."""
    asked = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            engine.hurry()
        asked.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    engine.start()
    logger.info("worker %s is ready, %d slots", engine.worker_id, engine.options.slots)
    while not (asked.is_set() or engine.is_stopped):
        asked.wait(0.5)
    engine.stop()
    logger.info("worker %s has stopped", engine.worker_id)
