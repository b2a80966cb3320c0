"""Runs a module as `python -m` does, in a process that does not outlive the one that started it.

    python -m orchestration.management.child LIFELINE GRACE_SECONDS MODULE [ARGUMENT ...]

LIFELINE is the inherited read end of a pipe whose write end only the parent has. The kernel closes that end however
the parent dies, kill -9 included, and on every system (PR_SET_PDEATHSIG is Linux's alone). Then this process asks
itself to stop (SIGTERM) and after GRACE_SECONDS kills its whole process group.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading
import time


def watch_lifeline(lifeline: int, grace_seconds: float) -> threading.Thread:
    """Start the thread that ends this process when the parent is gone."""
    thread = threading.Thread(
        target=_end_with_parent, args=(lifeline, grace_seconds), name="apflow-lifeline", daemon=True
    )
    thread.start()
    return thread


def _end_with_parent(lifeline: int, grace_seconds: float) -> None:
    while os.read(lifeline, 1):  # blocks until the parent's end is closed; nobody writes
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(grace_seconds)
    # The supervisor made this process the leader of a group of its own.
    os.killpg(os.getpgid(0), signal.SIGKILL)


def main(arguments: list[str]) -> None:
    """Watch the lifeline and run the module."""
    lifeline, grace_seconds, module, *rest = arguments
    watch_lifeline(int(lifeline), float(grace_seconds))
    sys.argv = [module, *rest]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
