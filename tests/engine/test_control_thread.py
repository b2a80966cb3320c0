"""The control thread while the database is slow."""

from __future__ import annotations

import threading
from typing import Any, cast

from orchestration.engine.threads import ControlThread

SECONDS = 20.0


class Closing:
    """A store of which nothing is wanted but that it is closed."""

    def close(self) -> None:
        """Do nothing."""


def test_looks_do_not_pile_up_behind_a_call_that_hangs() -> None:
    control = ControlThread(cast("Any", Closing()))
    begun, release, ended = threading.Event(), threading.Event(), threading.Event()
    now, seen = ["old"], []

    def hang() -> None:
        begun.set()
        release.wait(SECONDS)

    control.submit(hang, lambda result, error: None)
    assert begun.wait(SECONDS)
    for _ in range(100):
        control.look("limits", lambda: now[0], lambda result, error: seen.append(result))
        control.look("hooks", lambda: now[0], lambda result, error: seen.append(result))
    now[0] = "new"
    control.submit(lambda: None, lambda result, error: ended.set())
    release.set()
    assert ended.wait(SECONDS) and seen == ["new", "new"]
    control.look("limits", lambda: 1 / 0, lambda result, error: seen.append(type(error).__name__))
    control.look("limits", lambda: "again", lambda result, error: seen.append(result))
    control.stop()
    assert seen[2:] in (["ZeroDivisionError"], ["ZeroDivisionError", "again"])
