"""The site's secret key, generated once per data directory."""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def stored_secret_key(data_dir: Path) -> str:
    """The key in `<data_dir>/secret_key`, which is created (mode 0600) when it is not there yet.

    Safe with any number of processes at once: the file appears with its whole content or not at all, and the first one
    wins. Raises `ImproperlyConfigured` when the file can't be read or written.
    """
    path = data_dir / "secret_key"
    try:
        if not path.exists():
            _create_once(path)
        key = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"The secret key {path} can't be read or created ({error.strerror}): make the folder writable for this "
            "user, point APFLOW_DATA_DIR elsewhere, or set APFLOW_SECRET_KEY."
        ) from error
    if not key:
        raise ImproperlyConfigured(f"The secret key {path} is empty: delete the file to have a new key made.")
    return key


def _create_once(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=".secret_key-")  # mode 0600 by itself
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(secrets.token_urlsafe(64))
            file.flush()
            os.fsync(file.fileno())
        # A hard link, not a rename: it fails when another process was first, and that key stays.
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        os.unlink(draft)
