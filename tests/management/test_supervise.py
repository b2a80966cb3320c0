"""Supervision of child processes, with small ones in place of the site's."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from orchestration.management import supervise
from orchestration.management.supervise import Address, ChildSpec, StartError, Supervisor, answers, require_free

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def supervisor(tmp_path: Path) -> Callable[[str, float], Supervisor]:
    """Makes a supervisor of one child, a module with the given source."""

    def make(source: str, grace_seconds: float = 5.0) -> Supervisor:
        (tmp_path / "small_child.py").write_text(source)
        environment = os.environ | {"PYTHONPATH": f"{ROOT}:{tmp_path}", "NOTES": str(tmp_path / "notes")}
        return Supervisor([ChildSpec("small", "small_child", (), grace_seconds)], environment)

    return make


SLEEPS = "import os, time\nopen(os.environ['NOTES'], 'a').write(f'{os.getpid()}\\n')\ntime.sleep(600)\n"


def notes(folder: Path) -> list[int]:
    """The process numbers that children have noted."""
    path = folder / "notes"
    return [int(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_ready_is_told_once_and_stop_ends_the_child(supervisor: Callable[..., Supervisor], tmp_path: Path) -> None:
    site = supervisor(SLEEPS)
    told: list[str] = []

    def on_ready() -> None:
        told.append("ready")
        threading.Timer(0.2, site.stop).start()

    site.run(lambda: bool(notes(tmp_path)), on_ready)
    assert told == ["ready"]
    assert not psutil.pid_exists(notes(tmp_path)[0])


def test_a_child_that_dies_is_started_again(supervisor: Callable[..., Supervisor], tmp_path: Path) -> None:
    dies_once = SLEEPS.replace(
        "time.sleep", "if len(open(os.environ['NOTES']).readlines()) < 2: raise SystemExit(3)\ntime.sleep"
    )
    site = supervisor(dies_once)
    site.run(lambda: len(notes(tmp_path)) == 2, site.stop)
    first, second = notes(tmp_path)
    assert first != second


def test_a_child_that_keeps_dying_stops_everything(
    supervisor: Callable[..., Supervisor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervise, "MAX_BACKOFF_SECONDS", 0.01)
    site = supervisor("raise SystemExit(3)")
    with pytest.raises(StartError, match=r"The small process ended 5 times within a minute, .* with exit code 3;"):
        site.run(lambda: False, lambda: None)


def test_a_site_that_never_answers_is_stopped(
    supervisor: Callable[..., Supervisor], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(supervise, "READY_TIMEOUT_SECONDS", 1.0)
    with pytest.raises(StartError, match="did not answer within 1 s"):
        supervisor(SLEEPS).run(lambda: False, lambda: None)
    assert not any(psutil.pid_exists(pid) for pid in notes(tmp_path))


def test_a_child_that_ignores_the_signal_is_killed_with_what_it_started(
    supervisor: Callable[..., Supervisor], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(supervise, "KILL_AFTER_SECONDS", 0.1)
    stubborn = (
        "import os, signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "grandchild = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "open(os.environ['NOTES'], 'a').write(f'{os.getpid()}\\n{grandchild.pid}\\n')\n"
        "time.sleep(600)\n"
    )
    site = supervisor(stubborn, 0.1)
    site.run(lambda: len(notes(tmp_path)) == 2, site.stop)
    _, alive = psutil.wait_procs([psutil.Process(pid) for pid in notes(tmp_path) if psutil.pid_exists(pid)], 10)
    assert not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]


def test_addresses() -> None:
    assert Address("127.0.0.1", 8000).url == "http://127.0.0.1:8000/"
    assert Address("0.0.0.0", 80).url == "http://127.0.0.1:80/"
    assert Address("::", 80).url == "http://[::1]:80/"


def test_a_busy_port_is_waited_for() -> None:
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    address = Address("127.0.0.1", taken.getsockname()[1])
    with pytest.raises(StartError, match=f"Port {address.port} on 127.0.0.1 is taken"):
        require_free(address, patience_seconds=0)
    threading.Timer(0.2, taken.close).start()
    require_free(address, patience_seconds=30)
    assert not answers(address)
