"""Making a backup and restoring one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.db import transaction

from orchestration.models import SchedulesPause
from orchestration.store.backups.archive import Contents, TableSum, verify
from orchestration.store.backups.dump import write_backup
from orchestration.store.backups.load import analyze, load_backup
from orchestration.store.vault import unreadable_secrets

from . import audit

Tell = Callable[[str, TableSum], None]


@dataclass(frozen=True, slots=True)
class Restored:
    """What came of a restore. `unreadable` names secrets that none of this installation's keys opens."""

    contents: Contents
    unreadable: list[str]


def make_backup(file: BinaryIO, tell: Tell) -> Contents:
    """Write the whole database, as it is at this moment, into an open file. Raises BackupError."""
    return write_backup(file, tell)


def check_backup(path: Path) -> Contents:
    """Read a file to its end, without any database. Raises BackupError with the place of the damage."""
    return verify(path)


def restore_backup(path: Path, *, replace: bool, pause_schedules: bool, tell: Tell) -> Restored:
    """Put a file's contents into the database: all of it, or nothing and a BackupError.

    `replace` gives up what the database holds; with `pause_schedules` nothing fires until somebody resumes them.
    """
    contents = verify(path)
    with transaction.atomic():
        load_backup(path, contents, replace=replace, tell=tell)
        if pause_schedules:
            SchedulesPause.objects.get_or_create(defaults={"reason": f"restored from {path.name}"})
        made_at = contents.manifest.created_at
        audit.record("database.restore", detail={"made_at": made_at, "rows": contents.rows, "replaced": replace})
        unreadable = unreadable_secrets()
    analyze()
    return Restored(contents, unreadable)
