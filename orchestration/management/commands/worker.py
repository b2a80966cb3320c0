"""`manage.py worker`: run the engine."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from orchestration.actions.engines import make_engine
from orchestration.management.arguments import positive_int, seconds
from orchestration.management.plain_command import PlainCommand
from orchestration.management.schema_guard import require_fitting_schema
from orchestration.management.worker import serve


class Command(PlainCommand):
    """Run one worker."""

    help = "Claim runs and execute their tasks, until Ctrl-C or SIGTERM. Start as many as you like, on any machine."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--slots",
            type=positive_int,
            default=settings.APFLOW_WORKER_SLOTS,
            help="tasks that run at the same time (default: APFLOW_WORKER_SLOTS, %(default)s)",
        )
        parser.add_argument(
            "--drain-seconds",
            type=seconds,
            default=float(settings.APFLOW_DRAIN_SECONDS),
            help="how long running tasks may finish after SIGTERM, before their runs are handed back (%(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until stopped; raises CommandError when the database's tables are not those of this version."""
        require_fitting_schema()
        serve(make_engine(slots=options["slots"], drain_seconds=options["drain_seconds"]))
