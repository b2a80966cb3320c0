"""`manage.py backup`: the whole database as one file."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from orchestration.actions.backups import make_backup
from orchestration.management.backup_files import whole_file
from orchestration.management.plain_command import PlainCommand
from orchestration.management.progress import Progress, megabytes
from orchestration.store.backups.archive import Contents
from orchestration.store.backups.errors import BackupError


class Command(PlainCommand):
    """Write a backup."""

    help = "Write the whole database into one file, while everything goes on. Keys are not in it: keep them elsewhere."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("file", help="the file to write, or - for standard output")
        parser.add_argument("--force", action="store_true", help="replace a file that is there")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write it."""
        progress = Progress(self.stderr.write)
        began = time.monotonic()
        name = options["file"]
        try:
            if name == "-":
                contents = make_backup(sys.stdout.buffer, progress.of)
                sys.stdout.buffer.flush()
            else:
                contents = _to_file(Path(name), options["force"], progress)
        except BackupError as error:
            raise CommandError(str(error)) from error
        size = "" if name == "-" else f", {megabytes(Path(name).stat().st_size)}"
        seconds = time.monotonic() - began
        said = f"{len(contents.tables)} tables, {contents.rows:,} rows{size}, in {seconds:.1f} s"
        (self.stderr if name == "-" else self.stdout).write(said)


def _to_file(path: Path, force: bool, progress: Progress) -> Contents:
    if path.exists() and not force:
        raise CommandError(f"{path} is there already: choose another name, or replace it with --force.")
    try:
        with whole_file(path, force=force) as file:
            return make_backup(file, progress.of)
    except FileExistsError as error:
        raise CommandError(f"{path} is there already: choose another name, or replace it with --force.") from error
    except OSError as error:
        raise CommandError(f"{path} can't be written: {error.strerror or error}.") from error
