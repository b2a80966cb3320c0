"""The worker process: the engine, the thread that fires schedules, and signals."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from types import FrameType
from typing import Final

from orchestration.actions.engines import calm_collector
from orchestration.engine.engine import Engine

from .schedule_thread import ScheduleThread

logger = logging.getLogger("apflow.worker")

#: Seconds after which Python's threads may interrupt each other. With the usual 5 ms, a task that only computes makes
#: each round trip to the database of the heartbeat several times that long.
_SWITCH_SECONDS: Final = 0.0005


def serve(engine: Engine) -> None:
    """Run the engine until SIGTERM or SIGINT. The first one drains, a second one hands everything back at once."""
    asked = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            engine.hurry()
        asked.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    sys.setswitchinterval(_SWITCH_SECONDS)
    calm_collector()
    engine.start()
    logger.info("worker %s is ready, %d slots", engine.worker_id, engine.options.slots)
    schedules = ScheduleThread()
    schedules.start()
    while not (asked.is_set() or engine.is_stopped):
        asked.wait(0.5)
    schedules.stop()
    engine.stop()
    logger.info("worker %s has stopped", engine.worker_id)
