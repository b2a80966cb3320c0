"""`manage.py start`, as a person runs it: a real process with its own data directory and port."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from benchmarks.web_process import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
RUNNING = re.compile(r"^apflow is running at (http://127\.0\.0\.1:\d+/) \(Ctrl-C stops it\)$", re.MULTILINE)
SECONDS = 180


class Site:
    """A data directory and what runs on it."""

    def __init__(self, folder: Path) -> None:
        self.data_dir = folder / "data"
        self.port = free_port()
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("APFLOW_")},
            "APFLOW_DATA_DIR": str(self.data_dir),
            "PORT": str(self.port),
        }
        self.environment.pop("DATABASE_URL", None)
        self.log = folder / "output"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, **environment: str) -> float:
        """Run `manage.py start` until it says that it is running; returns the seconds that this took."""
        began = time.monotonic()
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "start"],
                cwd=ROOT,
                env=self.environment | environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        process = self.process
        wait_for(lambda: RUNNING.search(self.output()) is not None or process.poll() is not None, self.output)
        assert process.poll() is None, self.output()
        return time.monotonic() - began

    def output(self) -> str:
        """What the command has printed, children included."""
        return self.log.read_text(errors="replace")

    def end(self, number: signal.Signals) -> int:
        """Send a signal to the command's process group, as a terminal does; returns its exit code."""
        assert self.process is not None
        os.killpg(self.process.pid, number)
        return self.process.wait(SECONDS)

    def processes(self) -> list[psutil.Process]:
        """Every process that works for this data directory: by its environment, or the server by its arguments."""
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def names(self) -> set[str]:
        """The names of these processes."""
        found = set()
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                found.add(process.name())
        return found

    def _is_ours(self, process: psutil.Process) -> bool:
        link = self.data_dir / "postgres"
        cluster = f"{os.readlink(link)}/postgres" if link.is_symlink() else str(link)
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            return (
                process.environ().get("APFLOW_DATA_DIR") == str(self.data_dir)
                or cluster in process.cmdline()
                or process.cwd() == cluster
            )
        except psutil.Error:
            return False

    def page(self) -> int:
        """The status of the sign-in page."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/login/", timeout=10) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            return error.code

    def clean_up(self) -> None:
        """End everything and delete what is outside of the data directory."""
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        if self.process is not None:
            self.process.wait(SECONDS)
        wait_for(lambda: not self.processes(), self.output)
        link = self.data_dir / "postgres"
        if link.is_symlink():
            shutil.rmtree(os.readlink(link))


def wait_for(done: Callable[[], bool], explain: Callable[[], str]) -> None:
    """Wait until `done` is true; fail with `explain` after a minute."""
    deadline = time.monotonic() + SECONDS
    while not done():
        assert time.monotonic() < deadline, explain()
        time.sleep(0.02)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A site that has never been started."""
    site = Site(tmp_path)
    yield site
    site.clean_up()


def test_first_start_stop_and_second_start(site: Site) -> None:
    first_seconds = site.start()
    first = site.output()
    assert len(RUNNING.findall(first)) == 1
    password = re.search(r"password (\S{12,})", first)
    assert password is not None
    assert "sign in as admin" in first
    assert site.page() == 200

    assert site.end(signal.SIGINT) == 0
    assert "Traceback" not in site.output()
    assert site.processes() == []

    assert site.start() < first_seconds, "a second start makes no database and migrates nothing"
    assert "password" not in site.output()
    assert site.page() == 200
    assert site.end(signal.SIGTERM) == 0
    assert site.processes() == []


def test_a_chosen_password_is_not_shown_and_kill_9_leaves_nothing_that_lives_on(site: Site) -> None:
    site.start(APFLOW_ADMIN_PASSWORD="correct horse battery")
    assert "correct horse" not in site.output()
    assert "with the password from APFLOW_ADMIN_PASSWORD" in site.output()
    children = [process.environ() for process in site.processes() if "daphne" in process.cmdline()]
    assert children
    assert all("APFLOW_ADMIN_PASSWORD" not in environment for environment in children)

    site.end(signal.SIGKILL)
    # At once, while the children of the killed command are just noticing.
    site.start()
    assert site.page() == 200
    assert site.end(signal.SIGINT) == 0
    wait_for(lambda: not site.processes(), site.output)

    site.start()
    site.end(signal.SIGKILL)
    # The database's server may wait for its next user when none of the others used it yet.
    wait_for(lambda: site.names() <= {"postgres"}, site.output)


def test_a_taken_port_is_one_sentence(site: Site) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", site.port))
        taken.listen()
        result = subprocess.run(
            [sys.executable, "manage.py", "start"],
            cwd=ROOT,
            env=site.environment,
            capture_output=True,
            text=True,
            check=False,
        )
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr == (
        f"Port {site.port} on 127.0.0.1 is taken by another program: "
        f"stop that, or choose another port, for example PORT={site.port + 1}.\n"
    )
    assert not (site.data_dir / "postgres").exists()


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("PORT", "http", "PORT is 'http', which can't be used: accepted is a whole number from 1 to 65535."),
        ("APFLOW_DEBUG", "maybe", "APFLOW_DEBUG is 'maybe', which can't be used: accepted is one of 1, true"),
        ("DATABASE_URL", "sqlite:///x", "PostgreSQL is the only supported database"),
        ("DATABASE_URL", "postgres://nobody@127.0.0.1:1/x", "Connection refused"),
        ("APFLOW_HOST", "203.0.113.7", "APFLOW_HOST is '203.0.113.7', which is no address of this machine"),
        ("ORCHESTRATION_REQUIRED_ENV", "NO_SUCH_A, NO_SUCH_B", "are not set: NO_SUCH_A, NO_SUCH_B."),
    ],
)
def test_a_wrong_setting_is_one_sentence_without_a_traceback(site: Site, name: str, value: str, sentence: str) -> None:
    result = subprocess.run(
        [sys.executable, "manage.py", "start"],
        cwd=ROOT,
        env=site.environment | {name: value},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr
