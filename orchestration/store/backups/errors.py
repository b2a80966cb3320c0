"""Why a backup can't be made or restored. Each message is one sentence with what to do about it."""

from __future__ import annotations


class BackupError(Exception):
    """A backup can't be made, or its file can't be used."""


class DamagedBackupError(BackupError):
    """A file is not what was written once."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"The file is damaged at {place}: {reason}. Nothing was changed; use another copy of it.")


class RestoreRefusedError(BackupError):
    """The database is not one to restore into."""
