"""File locks (flock) that the kernel drops when their last holder is gone, however it died."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from apflow_site.embedded.errors import FolderUnusable


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold `path` alone for the block; waits for whoever holds it."""
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def hold_shared(path: Path) -> int:
    """Hold `path` together with others until the returned descriptor is closed; waits for an exclusive holder."""
    descriptor = _open(path)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


def try_exclusive(path: Path) -> int | None:
    """A descriptor that holds `path` alone until it is closed, or None when anybody holds it now."""
    return _try(path, fcntl.LOCK_EX)


def is_held(path: Path) -> bool:
    """True while anybody holds `path` exclusively."""
    descriptor = _try(path, fcntl.LOCK_SH)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


def _try(path: Path, kind: int) -> int | None:
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _open(path: Path) -> int:
    try:
        # Readable by all, so that a file which root made does not keep the data's owner out.
        return os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise FolderUnusable.from_os_error(path.parent, error) from error
