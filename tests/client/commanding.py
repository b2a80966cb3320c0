"""The `apflow` command as a process of its own, as people and shell scripts run it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: The console command; where the environment was made without it, the same by the module's name.
SCRIPT = Path(sys.executable).parent / "apflow"
COMMAND = [str(SCRIPT)] if SCRIPT.exists() else [sys.executable, "-m", "apflow"]
SECONDS = 60


@dataclass
class Desk:
    """A place to run commands from: a folder that is no checkout, a user without any settings but `variables`."""

    folder: Path
    variables: Mapping[str, str]

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the commands."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
        own = {"HOME": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1", "TZ": "UTC"}
        path = {} if SCRIPT.exists() else {"PYTHONPATH": str(ROOT)}
        return {**kept, **own, **path, **self.variables}

    @property
    def account_file(self) -> Path:
        """Where `apflow login` stores the token."""
        return self.folder / ".config" / "apflow" / "account.json"

    def run(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command to its end. No traceback ever reaches people."""
        done = subprocess.run(
            [*COMMAND, *arguments],
            cwd=self.folder,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def begin(self, *arguments: str) -> Begun:
        """Begin a command that is looked at while it runs."""
        return Begun(self, arguments)


class Begun:
    """A command that runs; its output goes to files."""

    def __init__(self, desk: Desk, arguments: tuple[str, ...]) -> None:
        self._out, self._err = desk.folder / "out", desk.folder / "err"
        with self._out.open("w") as out, self._err.open("w") as err:
            self.process = subprocess.Popen(
                [*COMMAND, *arguments],
                cwd=desk.folder,
                env=desk.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    @property
    def out(self) -> str:
        """Standard output so far."""
        return self._out.read_text()

    @property
    def err(self) -> str:
        """Standard error so far."""
        return self._err.read_text()

    def wait_for(self, done: Callable[[], bool]) -> None:
        """Wait until something has happened; fail with the output when it does not, or when the command has ended."""
        deadline = time.monotonic() + SECONDS
        while not done():
            assert time.monotonic() < deadline, f"{self.out}\n{self.err}"
            assert self.process.poll() is None or done(), f"{self.out}\n{self.err}"
            time.sleep(0.02)

    def end(self) -> int:
        """Wait for the end; return the exit code."""
        code = self.process.wait(SECONDS)
        assert "Traceback" not in self.err, self.err
        return code
