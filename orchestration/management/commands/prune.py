"""`manage.py prune`: delete old runs."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from orchestration.management.arguments import age
from orchestration.management.plain_command import PlainCommand
from orchestration.store.prune import count_old_runs, prune_runs


class Command(PlainCommand):
    """Delete old runs."""

    help = "Delete finished runs with their tasks, logs and events, in small batches, while other runs go on."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--older-than", required=True, type=age, metavar="AGE", help="such as 30d, 12h, 45m")
        parser.add_argument("--dry-run", action="store_true", help="only say how many runs would go")

    def handle(self, *args: Any, **options: Any) -> None:
        """Delete, or count."""
        if options["dry_run"]:
            self.stdout.write(f"{count_old_runs(options['older_than'])} runs would be deleted")
            return
        deleted = sum(prune_runs(options["older_than"]))
        self.stdout.write(f"{deleted} runs deleted")
