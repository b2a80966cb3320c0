"""Running one child process to its end: bounded output, bounded time, and nothing left behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Final

#: Between SIGTERM and SIGKILL.
GRACE_SECONDS: Final = 2.0
#: For the last output after the program has ended, should a child of its own still hold the pipe.
_DRAIN_SECONDS: Final = 1.0
_CHUNK_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True)
class Program:
    """What to start: the program's absolute path, its arguments, and all of its environment."""

    path: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    directory: str
    stdin: bytes | None = None


@dataclass(slots=True)
class Output:
    """The first `limit` bytes that came through a pipe, and how many came at all."""

    limit: int
    kept: bytearray = field(default_factory=bytearray)
    size: int = 0

    @property
    def truncated(self) -> bool:
        """Whether some of it was dropped."""
        return self.size > self.limit

    @property
    def text(self) -> str:
        """What was kept, as storable text: bytes that are no UTF-8, and NUL, become U+FFFD."""
        return self.kept.decode("utf-8", "replace").replace("\x00", "\ufffd")

    async def drain(self, stream: asyncio.StreamReader) -> None:
        """Read the pipe to its end, so that the program never waits for a reader."""
        while chunk := await stream.read(_CHUNK_BYTES):
            self.kept += chunk[: max(0, self.limit - self.size)]
            self.size += len(chunk)


@dataclass(frozen=True, slots=True)
class Pipe:
    """A pipe that a program writes to.

    asyncio's own subprocess pipes won't do: with them, waiting for a program's end waits for everybody who has
    inherited the pipe as well.
    """

    reader: asyncio.StreamReader
    transport: asyncio.ReadTransport
    writing_end: BinaryIO

    @classmethod
    async def open(cls) -> Pipe:
        """Make a pipe."""
        reading_end, writing_end = os.pipe()
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(lambda: protocol, os.fdopen(reading_end, "rb"))
        return cls(reader, transport, os.fdopen(writing_end, "wb"))

    def close(self) -> None:
        """Close both ends."""
        self.writing_end.close()
        self.transport.close()


@dataclass(frozen=True, slots=True)
class Ended:
    """A program that ended: its code (negative: the signal that killed it) and its output."""

    code: int
    stdout: Output
    stderr: Output


class ChildProcess:
    """One program in a process group of its own."""

    def __init__(self, process: asyncio.subprocess.Process, stdout: Pipe, stderr: Pipe) -> None:
        self._process = process
        self._stdout = stdout
        self._stderr = stderr

    @classmethod
    async def start(cls, program: Program) -> ChildProcess:
        """Start a program without a shell. Raises OSError."""
        stdout, stderr = await Pipe.open(), await Pipe.open()
        try:
            with _stdin_file(program.stdin) as stdin:
                process = await asyncio.create_subprocess_exec(
                    program.path,
                    *program.arguments,
                    stdin=asyncio.subprocess.DEVNULL if stdin is None else stdin,
                    stdout=stdout.writing_end,
                    stderr=stderr.writing_end,
                    env=dict(program.environment),
                    cwd=program.directory,
                    start_new_session=True,
                )
        except BaseException:
            stdout.close()
            stderr.close()
            raise
        # The program has them now; held here too, the pipes would never end.
        stdout.writing_end.close()
        stderr.writing_end.close()
        return cls(process, stdout, stderr)

    async def finish(self, max_output_bytes: int, timeout_seconds: float) -> Ended:
        """Wait for the end. Raises TimeoutError; then, and when cancelled, the whole group has been killed."""
        stdout, stderr = Output(max_output_bytes), Output(max_output_bytes)
        drained = asyncio.gather(stdout.drain(self._stdout.reader), stderr.drain(self._stderr.reader))
        try:
            async with asyncio.timeout(timeout_seconds):
                code = await self._process.wait()
        finally:
            try:
                await self._stop()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(drained, _DRAIN_SECONDS)
            finally:
                self._stdout.close()
                self._stderr.close()
        return Ended(code, stdout, stderr)

    async def _stop(self) -> None:
        """End the group: SIGTERM, a grace time, SIGKILL. A second cancel shortens the grace time."""
        try:
            if self._process.returncode is None:
                self.signal_group(signal.SIGTERM)
                await self._await_end(GRACE_SECONDS)
        finally:
            self.signal_group(signal.SIGKILL)
            await self._await_end(_DRAIN_SECONDS)

    async def _await_end(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), seconds)

    def signal_group(self, number: int) -> None:
        """Send a signal to the program and everything it started; safe from any thread."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


@contextlib.contextmanager
def _stdin_file(content: bytes | None) -> Iterator[BinaryIO | None]:
    """Yield a file to read standard input from: nobody has to feed it while the program runs."""
    if content is None:
        yield None
        return
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        yield file
