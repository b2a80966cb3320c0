"""`manage.py rotate_secrets`: encrypt every secret anew."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError

from orchestration.engine.secret_source import SecretUnreadableError
from orchestration.management.plain_command import PlainCommand
from orchestration.store.vault import rotate


class Command(PlainCommand):
    """Encrypt every secret with the present key."""

    help = "Encrypt every secret with the present key, so that keys in APFLOW_SECRETS_OLD_KEYS can go. All or none."

    def handle(self, *args: Any, **options: Any) -> None:
        """Encrypt."""
        try:
            count = rotate()
        except SecretUnreadableError as error:
            raise CommandError(f"{error}. Nothing was changed.") from error
        self.stdout.write(f"{count} secret{'' if count == 1 else 's'} encrypted with the present key")
