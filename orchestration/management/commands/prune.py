"""`manage.py prune`: delete old runs, and old entries of the audit trail."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.contrib.sessions.models import Session
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from orchestration.actions import audit
from orchestration.management.arguments import age
from orchestration.management.plain_command import PlainCommand
from orchestration.store.audit_trail import count_old_entries, prune_entries
from orchestration.store.prune import count_old_runs, prune_runs

#: The database lets no younger entry go.
_YOUNGEST_ENTRY: Final = timedelta(days=30)


class Command(PlainCommand):
    """Delete old runs, and old entries of the audit trail."""

    help = (
        "Delete finished runs with their tasks, logs and events, in small batches, while other runs go on; entries of "
        "the audit trail only when asked for; and sessions that are over."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--older-than", type=age, metavar="AGE", help="runs: such as 30d, 12h, 45m")
        parser.add_argument("--audit-older-than", type=age, metavar="AGE", help="audit entries: 30d or more")
        parser.add_argument("--dry-run", action="store_true", help="only say how much would go")

    def handle(self, *args: Any, **options: Any) -> None:
        """Delete, or count."""
        runs, entries = options["older_than"], options["audit_older_than"]
        if runs is None and entries is None:
            raise CommandError("Say what is old: --older-than AGE for runs, --audit-older-than AGE for audit entries.")
        if entries is not None and entries < _YOUNGEST_ENTRY:
            raise CommandError("--audit-older-than must be 30d or more: younger entries of the audit trail stay.")
        if runs is not None:
            self._prune_runs(runs, options["dry_run"])
        if entries is not None:
            self._prune_entries(entries, options["dry_run"])
        if not options["dry_run"]:
            Session.objects.filter(expire_date__lt=timezone.now()).delete()

    def _prune_runs(self, older_than: timedelta, dry_run: bool) -> None:
        if dry_run:
            self.stdout.write(f"{count_old_runs(older_than)} runs would be deleted")
        else:
            self.stdout.write(f"{sum(prune_runs(older_than))} runs deleted")

    def _prune_entries(self, older_than: timedelta, dry_run: bool) -> None:
        if dry_run:
            self.stdout.write(f"{count_old_entries(older_than)} audit entries would be deleted")
            return
        deleted = prune_entries(older_than)
        if deleted:
            audit.record("audit.prune", detail={"entries": deleted, "older_than_days": older_than.days})
        self.stdout.write(f"{deleted} audit entries deleted")
