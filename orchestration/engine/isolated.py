"""The child's side of process isolation: `python -m orchestration.engine.isolated FD SETUP`.

It reads requests from the socket FD, one JSON object a line, runs each executor, and answers with log lines, progress
and one outcome. SETUP is a dotted `module:function` that loads the executors. When the socket closes, the child ends.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import logging
import os
import resource
import signal
import socket
import sys
from dataclasses import asdict
from types import FrameType
from typing import Any, Final

from .config import EngineConfig, configure, current_config
from .json_values import storable_text
from .masking import NO_SECRETS, Masker
from .outcome import Outcome, from_returned
from .registry import ExecutorSpec, default_registry
from .runner import log_raised, plain_result

#: The child's exit code when its parent is gone.
ORPHANED: Final = 0


class Stopped(BaseException):
    """The parent sent SIGTERM: the attempt was cancelled or timed out."""


class ChildContext:
    """The attempt as the executor in the child sees it."""

    def __init__(self, link: Link, request: dict[str, Any]) -> None:
        self._link = link
        self.task_id: str = request["task_id"]
        self.run_id: str = request["run_id"]
        self.attempt: int = request["attempt"]
        self.stopped = False

    def report_progress(self, share: float, message: str) -> None:
        """Send the newest progress to the parent."""
        value = float(share) if isinstance(share, int | float) else 0.0
        self._link.send({"progress": value if value == value else 0.0, "message": self._link.masker.text(str(message))})

    def is_cancelled(self) -> bool:
        """Tell whether the attempt was asked to stop."""
        return self.stopped


class Link:
    """The socket to the parent, as lines of JSON. `masker` keeps the secrets of the attempt out of its texts."""

    def __init__(self, fd: int) -> None:
        self.masker = NO_SECRETS
        self._socket = socket.socket(fileno=fd)
        self._reader = self._socket.makefile("rb")

    def requests(self) -> Any:
        """Yield requests until the parent closes the socket."""
        for line in self._reader:
            yield json.loads(line)

    def send(self, message: dict[str, Any]) -> None:
        """Send one message; a parent that is gone ends the child."""
        try:
            self._socket.sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            os._exit(ORPHANED)


class _SendLines(logging.Handler):
    """Sends log records to the parent, which keeps them as the task's log."""

    def __init__(self, link: Link) -> None:
        super().__init__()
        self._link = link

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = record.getMessage()
            if record.exc_info:
                text = f"{text}\n{logging.Formatter().formatException(record.exc_info)}"
            text = storable_text(self._link.masker.text(text), 16_384)
            self._link.send({"log": text, "level": record.levelno, "logger": record.name})
        except Exception:  # noqa: BLE001 - formatting a record runs other people's __str__
            self.handleError(record)


def main(arguments: list[str]) -> None:
    """Serve requests until the parent goes."""
    link = Link(int(arguments[0]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if len(arguments) > 1 and arguments[1]:
        module, _, function = arguments[1].partition(":")
        getattr(importlib.import_module(module), function)()
    root = logging.getLogger()
    root.handlers[:] = [_SendLines(link)]
    root.setLevel(min(root.level, logging.INFO))
    link.send({"ready": os.getpid()})
    for request in link.requests():
        link.send({"outcome": asdict(_serve(link, request))})


def _serve(link: Link, request: dict[str, Any]) -> Outcome:
    context = ChildContext(link, request)
    link.masker = Masker(request["secrets"])

    def stop(number: int, frame: FrameType | None) -> None:
        context.stopped = True
        raise Stopped

    try:
        _limit_memory(request.get("memory_mb"))
        configure(EngineConfig(**request["config"]))
        spec = _find(request)
        instance = spec.new(request["inputs"], request["params"])
        instance.context = context
        signal.signal(signal.SIGTERM, stop)
        try:
            returned = _execute(spec, instance, request["inputs"])
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        return from_returned(plain_result(returned), current_config().max_result_bytes, link.masker.text)
    except Stopped:
        return Outcome.cancelled("The attempt was stopped")
    except BaseException as error:  # noqa: BLE001 - the boundary to user code
        if context.stopped:
            return Outcome.cancelled("The attempt was stopped")
        log_raised(error)
        return Outcome.raised(error, link.masker.text)
    finally:
        _limit_memory(None)


def _find(request: dict[str, Any]) -> ExecutorSpec:
    if request["executor"] not in default_registry:
        importlib.import_module(request["module"])
    return default_registry.get(request["executor"])


def _execute(spec: ExecutorSpec, instance: Any, inputs: dict[str, Any]) -> Any:
    if spec.is_async:
        return asyncio.run(instance.execute(inputs))
    returned = instance.execute(inputs)
    return asyncio.run(_await(returned)) if inspect.isawaitable(returned) else returned


async def _await(value: Any) -> Any:
    return await value


def _limit_memory(megabytes: int | None) -> None:
    """Bound the address space to what is used now plus `megabytes`; None takes the bound away."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if megabytes is None:
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
        return
    wanted = _address_space() + megabytes * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


def _address_space() -> int:
    """Return the bytes of address space that this process has; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 0


if __name__ == "__main__":
    main(sys.argv[1:])
