#!/usr/bin/env python3
"""Command line of the project: `manage.py start` runs everything, `manage.py help` lists the rest."""

from __future__ import annotations

import os
import sys


def main(argv: list[str]) -> None:
    """Run one management command. A wrong setting or a missing database is one sentence and exit code 1."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "apflow_site.settings")
    # Imported here: Django reads the settings while it is imported, and their errors belong in the `except` below.
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import ManagementUtility
    from django.db.utils import OperationalError, ProgrammingError
    from psycopg import errors

    from apflow_site.embedded.errors import EmbeddedServerError

    utility = ManagementUtility(argv)
    try:
        # Django's `execute` answers a settings error with "Unknown command", so the settings are read first.
        _read_settings()
        utility.execute()
    except (ImproperlyConfigured, EmbeddedServerError) as error:
        _refuse(f"{error}")
    except (OperationalError, errors.OperationalError) as error:
        reason = str(error).strip().splitlines()[0]
        _refuse(f"The database does not answer ({reason}): see whether it runs, and whether DATABASE_URL is right.")
    except (ProgrammingError, errors.UndefinedTable) as error:
        if not isinstance(error.__cause__ or error, errors.UndefinedTable):
            raise
        _refuse("The database has no tables yet: run `manage.py migrate`, or `manage.py start`, which does it too.")


def _refuse(sentence: str) -> None:
    print(sentence, file=sys.stderr)
    sys.exit(1)


def _read_settings() -> None:
    from django.conf import settings

    settings.INSTALLED_APPS  # noqa: B018  (reading any value loads the file)


if __name__ == "__main__":
    main(sys.argv)
