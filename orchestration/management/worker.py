"""The worker process: the engine, the threads that fire schedules and send to webhooks, and signals."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from contextlib import suppress
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Final

from orchestration.actions.engines import calm_collector
from orchestration.engine.engine import Engine

from .readiness import READY, STOPPING, tell_systemd
from .schedule_thread import ScheduleThread
from .schema_watch import SchemaWatch
from .sender_thread import SenderThread

logger = logging.getLogger("apflow.worker")

#: Seconds after which Python's threads may interrupt each other. With the usual 5 ms, a task that only computes makes
#: each round trip to the database of the heartbeat several times that long.
_SWITCH_SECONDS: Final = 0.0005


def serve(engine: Engine) -> None:
    """Run the engine until SIGTERM or SIGINT. The first one drains, a second one hands everything back at once."""
    asked = False
    # A signal may come while this very thread waits for it: putting is made for that, and setting an event is not.
    signals: SimpleQueue[int] = SimpleQueue()

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            engine.hurry()
        asked = True
        signals.put(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    sys.setswitchinterval(_SWITCH_SECONDS)
    calm_collector()
    engine.start()
    logger.info("worker %s is ready, %d slots", engine.worker_id, engine.options.slots)
    schedules, sender = ScheduleThread(), SenderThread()
    schedules.start()
    sender.start()
    schema = SchemaWatch()
    tell_systemd(READY)
    sides = (schedules.thread, sender.thread)
    while not (asked or engine.is_stopped or schema.has_changed() or _has_lost(engine, *sides)):
        with suppress(Empty):
            signals.get(timeout=0.5)
    tell_systemd(STOPPING)
    schedules.stop()
    # What the last tasks tell is left for the next worker; what is being sent has the time of the drain to end.
    sender.ask_to_stop()
    engine.stop()
    sender.stop()
    logger.info("worker %s has stopped", engine.worker_id)


def _has_lost(engine: Engine, *sides: threading.Thread) -> bool:
    """True when a thread has died that the worker needs: better none than one that does half of its work."""
    lost = engine.lost_thread or next((side for side in sides if not side.is_alive()), None)
    if lost is None:
        return False
    logger.error("the thread %s has ended by itself: this worker stops, to be started again", lost.name)
    return True
