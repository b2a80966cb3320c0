"""Restoring a backup: everything in one transaction, so that a database has all of it or none."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from django.contrib.contenttypes.models import ContentType
from django.core.management.sql import emit_post_migrate_signal
from django.db import DatabaseError, IntegrityError, OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from orchestration.store.schema import PREPARING_LOCK, Migration, applied_migrations, unknown_migrations

from . import catalogue
from .archive import Contents, TableSum, read_tables
from .catalogue import MIGRATIONS_TABLE, ForeignKey
from .dump import NO_LIMITS, Tell
from .errors import BackupError, DamagedBackupError, RestoreRefusedError

#: What migrations fill by themselves.
_MADE_BY_MIGRATIONS: Final = frozenset(
    {"auth_group", "auth_group_permissions", "auth_permission", "django_content_type"}
)

#: Seconds that a table may be in use by somebody else.
_LOCK_SECONDS: Final = 15

_LIVE_WORKERS: Final = """
SELECT name FROM orchestration_worker WHERE stopped_at IS NULL AND lease_expires_at > clock_timestamp() ORDER BY name
"""

#: The workers of the time of the backup are gone. Whoever claims their runs does so with a new epoch.
_WORKERS_ARE_GONE: Final = (
    """UPDATE orchestration_worker SET stopped_at = COALESCE(stopped_at, clock_timestamp()), running = 0,
           lease_expires_at = LEAST(lease_expires_at, clock_timestamp())""",
    "UPDATE orchestration_run SET owner_id = NULL WHERE owner_id IS NOT NULL",
)


def load_backup(path: Path, contents: Contents, *, replace: bool, tell: Tell) -> None:
    """Put a verified file into the database, inside the caller's transaction, and bring it to this version's state.

    Raises RestoreRefusedError when the database is not to be restored into, BackupError when that fails.
    """
    with connection.cursor() as cursor:
        cursor.execute(NO_LIMITS)
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{_LOCK_SECONDS}s"])
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [PREPARING_LOCK])
    present = applied_migrations()
    _refuse_unfit(contents, present, replace=replace)
    with _in_words():
        if set(present) != set(contents.manifest.migrations):
            _rebuild(present, contents.manifest.migrations)
        tables = catalogue.existing(catalogue.tables_at(contents.manifest.migrations))
        with _without_foreign_keys(tables):
            _refuse_foreign(contents, tables)
            _run(f"TRUNCATE {_names(tables)}")
            _fill(path, contents, tell)
        _set_sequences(contents)
        _migrate(None)
        for statement in _WORKERS_ARE_GONE:
            _run(statement)


def analyze() -> None:
    """Let the planner know what the tables hold now."""
    _run("ANALYZE")


# --- may it be? ------------------------------------------------------------------------------------------------------


def _refuse_unfit(contents: Contents, present: tuple[Migration, ...], *, replace: bool) -> None:
    manifest = contents.manifest
    if unknown := unknown_migrations(manifest.migrations):
        raise RestoreRefusedError(
            f"The backup was made by a newer version, {manifest.product_version} ({'.'.join(unknown[0])} is not known "
            "here): install that version, or a later one, and restore with it."
        )
    if unknown := unknown_migrations(present):
        raise RestoreRefusedError(
            f"The database is of a newer version than this program ({'.'.join(unknown[0])} is not known here): "
            "restore with that version, or into an empty database."
        )
    there = catalogue.existing(catalogue.tables_at(present))
    if "orchestration_worker" in there and (workers := _query(_LIVE_WORKERS)):
        names = ", ".join(name for (name,) in workers[:3])
        raise RestoreRefusedError(
            f"{len(workers)} worker{' is' if len(workers) == 1 else 's are'} alive ({names}): stop web and workers "
            "first. One that was killed counts as alive until its lease ends, a few seconds later."
        )
    full = [table for table in there if table not in _MADE_BY_MIGRATIONS and catalogue.has_rows(table)]
    if full and not replace:
        raise RestoreRefusedError(
            f"The database is not empty (there are rows in {', '.join(full[:3])}): name another one in DATABASE_URL or "
            "APFLOW_DATA_DIR, or give up all that it holds with --replace."
        )


# --- tables ----------------------------------------------------------------------------------------------------------


def _rebuild(present: tuple[Migration, ...], wanted: tuple[Migration, ...]) -> None:
    """Drop what this program's migrations made, and make the tables as they were when the backup was made."""
    old = catalogue.existing([*catalogue.tables_at(present), MIGRATIONS_TABLE])
    if old:
        _run(f"DROP TABLE {_names(old)}")
    for function in catalogue.functions():
        _run(f"DROP FUNCTION {function}")
    _migrate(catalogue.last_of_each_app(wanted))


def _migrate(targets: list[Migration] | None) -> None:
    """Apply migrations up to `targets`, or all; a step begins with nothing left to be checked from the one before."""

    def settle(action: str, *_: Any) -> None:
        if action.endswith("_success"):
            _run("SET CONSTRAINTS ALL IMMEDIATE")
            _run("SET CONSTRAINTS ALL DEFERRED")

    # Ids of what this process has seen before; the tables may number them otherwise now.
    ContentType.objects.clear_cache()
    executor = MigrationExecutor(connection, settle)
    executor.migrate(executor.loader.graph.leaf_nodes() if targets is None else targets)
    if targets is None:
        emit_post_migrate_signal(verbosity=0, interactive=False, db=connection.alias)
        settle("_success")


def _refuse_foreign(contents: Contents, tables: list[str]) -> None:
    """Refuse names that are not those of our own tables and columns: they become a part of statements."""
    for table, columns in contents.manifest.tables.items():
        if table not in tables or not set(columns) <= set(catalogue.columns_of(table)):
            raise DamagedBackupError(f"the table {table[:100]}", "no version has such a table with such columns")


@contextmanager
def _without_foreign_keys(tables: list[str]) -> Iterator[None]:
    """Take them away and make them again: tables then come in any order, and are checked all at once."""
    keys: list[ForeignKey] = catalogue.foreign_keys_of(tables)
    for key in keys:
        _run(f"ALTER TABLE {key.table} DROP CONSTRAINT {key.name}")
    yield
    for key in keys:
        _run(f"ALTER TABLE {key.table} ADD CONSTRAINT {key.name} {key.definition}")


def _fill(path: Path, contents: Contents, tell: Tell) -> None:
    for table, pieces in read_tables(path):
        total = TableSum()
        quote = connection.ops.quote_name
        columns = ", ".join(map(quote, contents.manifest.tables[table]))
        statement = f"COPY {quote(table)} ({columns}) FROM STDIN (ENCODING 'UTF8')"
        with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(statement) as copy:
            for piece in pieces:
                copy.write(piece)
                total.add(piece)
                tell(table, total)
        if total != contents.tables[table]:
            raise DamagedBackupError(f"the table {table}", "the file has changed since it was checked")


def _set_sequences(contents: Contents) -> None:
    sequences = catalogue.sequences_of(list(contents.manifest.tables))
    with connection.cursor() as cursor:
        for column, (value, is_called) in contents.sequences.items():
            cursor.execute("SELECT setval(%s, %s, %s)", [sequences[column], value, is_called])


# --- statements ------------------------------------------------------------------------------------------------------


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise BackupError(f"The rows of the file don't fit together: {_first_line(error)}.") from error
    except OperationalError as error:
        if "lock timeout" not in str(error):
            raise
        raise RestoreRefusedError(
            "Somebody else is using the database: stop web, workers and whatever else is connected, and try again."
        ) from error
    except DatabaseError as error:
        raise BackupError(f"The database does not take the file: {_first_line(error)}.") from error


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".")


def _names(tables: Collection[str]) -> str:
    return ", ".join(map(connection.ops.quote_name, tables))


def _run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _query(statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())
