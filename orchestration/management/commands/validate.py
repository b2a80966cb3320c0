"""`manage.py validate`: check a file without storing anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from orchestration.management.plain_command import PlainCommand
from orchestration.management.targets import parse_file


class Command(PlainCommand):
    """Check files."""

    help = "Check trees in JSON files: every problem at once, each with its JSON path. Exit code: 0 valid, 2 not."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("file", type=Path, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check one file."""
        spec = parse_file(options["file"])
        edges = sum(len(task.dependencies) for task in spec.tasks)
        self.stdout.write(f"{options['file']} is valid: {spec.name!r}, {len(spec.tasks)} tasks, {edges} dependencies")
