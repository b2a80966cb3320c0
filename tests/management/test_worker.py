"""A worker ends when any of its threads has died: one that goes on without would only seem to work."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from orchestration.actions.engines import make_engine
from orchestration.engine.engine import Engine
from orchestration.management import worker
from orchestration.management.schedule_thread import ScheduleThread
from orchestration.management.sender_thread import SenderThread
from tests.actions.conftest import wait_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave this process as it was: `serve` has one of its own."""
    monkeypatch.setattr(worker, "calm_collector", lambda: None)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    interval = sys.getswitchinterval()
    yield
    sys.setswitchinterval(interval)
    for number, handler in handlers.items():
        signal.signal(number, handler)


class FakeEngine:
    """An engine of which nothing is wanted but that it is stopped."""

    worker_id = "w"
    options = type("Options", (), {"slots": 1})
    is_stopped = False
    lost_thread = None
    was_stopped = False

    def start(self) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Note it."""
        self.was_stopped = True


@pytest.mark.parametrize("side", [ScheduleThread, SenderThread])
def test_a_side_thread_that_dies_ends_the_worker(
    side: type[Any], process: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(side, "_serve", lambda self: None)
    engine: Any = FakeEngine()
    worker.serve(engine)
    assert engine.was_stopped
    assert f"the thread {side().thread.name} has ended by itself: this worker stops" in caplog.text


def test_a_signal_that_comes_while_the_worker_waits_for_one_stops_it(
    process: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each wait of the main thread is met by the signal where it is least welcome: inside of what it waits with."""
    wait, waits = threading.Condition.wait, [0]

    def be_met(self: threading.Condition, timeout: float | None = None) -> bool:
        if threading.current_thread() is threading.main_thread() and waits[0] == 0:
            waits[0] += 1
            signal.raise_signal(signal.SIGTERM)
        return wait(self, timeout)

    class Met(FakeEngine):
        looks = 0

        @property
        def is_stopped(self) -> bool:  # type: ignore[override]
            self.looks += 1
            if self.looks == 1:
                monkeypatch.setattr(threading.Condition, "wait", be_met)
            if self.looks == 2:
                signal.raise_signal(signal.SIGTERM)
            return False

    engine: Any = Met()
    worker.serve(engine)
    assert engine.was_stopped


def lost_name(engine: Engine) -> str | None:
    """The name of a thread that has ended."""
    return engine.lost_thread.name if engine.lost_thread else None


def _raise(error: BaseException) -> None:
    raise error


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("apflow-engine", lambda engine: engine.loop.post(_raise, SystemExit())),
        ("apflow-writer", lambda engine: engine._writer._inbox.put(None)),
        ("apflow-control", lambda engine: engine._control._inbox.put(None)),
        ("apflow-heartbeat", lambda engine: engine._heartbeat._stopping.set()),
        ("apflow-listen", lambda engine: engine._listen._stopping.set()),
    ],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_of_the_engine_that_ends_is_noticed(name: str, end: Callable[[Engine], None]) -> None:
    engine = make_engine(slots=1, drain_seconds=0)
    engine.start()
    try:
        assert lost_name(engine) is None
        end(engine)
        wait_for(lambda: lost_name(engine) is not None)
        assert lost_name(engine) == name
    finally:
        engine.stop()
    assert not any(thread.name == name and thread.is_alive() for thread in threading.enumerate())
