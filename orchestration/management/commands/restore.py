"""`manage.py restore`: put a backup into the database."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from orchestration.actions.backups import check_backup, restore_backup
from orchestration.management.plain_command import PlainCommand
from orchestration.management.progress import Progress
from orchestration.store.backups.archive import Contents
from orchestration.store.backups.errors import BackupError


class Command(PlainCommand):
    """Restore a backup."""

    help = "Put a backup into an empty database: all of it, or nothing. Stop web and workers first."
    # The database may be empty or old, which is put right here.
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("file", type=Path, help="the file that `backup` has written")
        parser.add_argument("--check", action="store_true", help="only read the file and compare its sums")
        parser.add_argument("--replace", action="store_true", help="give up everything that the database holds")
        parser.add_argument(
            "--pause-schedules", action="store_true", help="let no schedule fire until somebody resumes them"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Check, or restore."""
        began = time.monotonic()
        try:
            if options["check"]:
                self.stdout.write(f"The file is whole: {_told(check_backup(options['file']))}")
                return
            restored = restore_backup(
                options["file"],
                replace=options["replace"],
                pause_schedules=options["pause_schedules"],
                tell=Progress(self.stderr.write).of,
            )
        except BackupError as error:
            raise CommandError(str(error)) from error
        seconds = time.monotonic() - began
        self.stdout.write(f"Restored: {_told(restored.contents)}, in {seconds:.1f} s. Everybody has to sign in again.")
        if restored.unreadable:
            self.stderr.write(_keys_are_missing(restored.unreadable))


def _told(contents: Contents) -> str:
    origin = f"made {contents.manifest.created_at} by version {contents.manifest.product_version}"
    return f"{len(contents.tables)} tables, {contents.rows:,} rows, {origin}"


def _keys_are_missing(names: list[str]) -> str:
    first = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
    return (
        f"{len(names)} secret{'' if len(names) == 1 else 's'} can't be opened with the keys that are set here "
        f"({first}). Put the key of the time of the backup into APFLOW_SECRETS_OLD_KEYS and run "
        "`manage.py rotate_secrets`, or give these secrets their values again."
    )
