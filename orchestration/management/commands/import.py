"""`manage.py import`: store trees from files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from orchestration.actions.trees import create_tree
from orchestration.management.plain_command import PlainCommand
from orchestration.management.targets import parse_file


class Command(PlainCommand):
    """Store trees."""

    help = "Store the trees of JSON files, each as a new tree. All files are checked before any is stored."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check all, then store all."""
        specs = [parse_file(path) for path in options["files"]]
        for spec in specs:
            tree = create_tree(spec, message="Imported")
            self.stdout.write(f"{tree.pk}  {tree.name}  ({len(spec.tasks)} tasks)")
