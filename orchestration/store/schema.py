"""Whether the database's tables are those that this version of the program works with."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

Migration = tuple[str, str]

#: Key of the advisory lock of whoever changes tables: any number of programs may want to at once, and take turns. Any
#: number will do, as long as it is always the same.
PREPARING_LOCK: Final = 0x6170666C6F77


def applied_migrations() -> tuple[Migration, ...]:
    """Return the migrations of the database in the order in which they were applied."""
    recorder = MigrationRecorder(connection)
    if not recorder.has_table():
        return ()
    return tuple(recorder.Migration.objects.using(connection.alias).order_by("pk").values_list("app", "name"))


def unknown_migrations(migrations: Collection[Migration]) -> list[Migration]:
    """Return those that this version does not have. Of an app that it does not have at all, nothing counts."""
    loader = MigrationLoader(None)
    known = loader.disk_migrations.keys() | {old for new in loader.replacements.values() for old in new.replaces}
    return [one for one in migrations if one[0] in loader.migrated_apps and one not in known]


def missing_migrations(migrations: Collection[Migration]) -> list[Migration]:
    """Return what this version has and `migrations` lack."""
    there = set(migrations)
    return sorted(one for one in MigrationLoader(None).graph.nodes if one not in there)


def schema_problem() -> str | None:
    """Say why this version can't work with the database's tables, and what to do; None when it can."""
    if (problem := newer_problem()) is not None:
        return problem
    applied = applied_migrations()
    if not applied:
        return "The database has no tables yet: run `manage.py migrate`, or `manage.py start`, which does it too."
    if missing := missing_migrations(applied):
        return (
            f"The database is of an older version than this program: {_named(missing)} not applied. Stop web and "
            "workers, make a backup, and run `manage.py migrate`."
        )
    return None


def newer_problem() -> str | None:
    """Say that the database's tables are of a later version than this one; None when they are not."""
    if unknown := unknown_migrations(applied_migrations()):
        return (
            f"The database is of a newer version than this program: {_named(unknown)} not known here. Install that "
            "version on this machine too, or restore a backup of this one."
        )
    return None


def _named(migrations: list[Migration]) -> str:
    first = ", ".join(".".join(one) for one in migrations[:3])
    more = f" and {len(migrations) - 3} more" if len(migrations) > 3 else ""
    return f"{first}{more} {'is' if len(migrations) == 1 else 'are'}"
