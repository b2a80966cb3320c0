"""The base of this project's commands."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, SystemCheckError


class PlainCommand(BaseCommand):
    """Says on the command line what is wrong in its own words: Django puts the name of the error's class before it."""

    _is_typed = False

    def run_from_argv(self, argv: list[str]) -> None:
        """Run what was typed on a command line."""
        self._is_typed = True
        super().run_from_argv(argv)

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run the command; an error of a typed one ends the process with its sentence and its exit code."""
        try:
            return super().execute(*args, **options)
        except CommandError as error:
            if not self._is_typed or options.get("traceback") or isinstance(error, SystemCheckError):
                raise
            self.stderr.write(str(error))
            sys.exit(error.returncode)
