"""Writing a backup: every table in one snapshot, while everybody goes on working."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import BinaryIO, Final

from django.db import connection, transaction

from orchestration import __version__
from orchestration.store.schema import Migration, applied_migrations, unknown_migrations

from .archive import ArchiveWriter, Contents, Manifest, TableSum
from .catalogue import columns_of, existing, sequences_of, tables_at
from .errors import BackupError

#: Who is signed in. The rows are as good as passwords, and what was ended since would come back.
LEFT_OUT: Final = ("django_session",)

#: What a role or server may limit, and what a large table takes longer than.
NO_LIMITS: Final = """
SELECT set_config(name, '0', true) FROM pg_settings
WHERE name IN ('statement_timeout', 'transaction_timeout', 'idle_in_transaction_session_timeout')
"""

Tell = Callable[[str, TableSum], None]


def write_backup(file: BinaryIO, tell: Tell) -> Contents:
    """Write the whole database into an open file; `tell` hears each table's progress.

    Raises BackupError when the database has no tables, or is of a newer version than this program.
    """
    if connection.in_atomic_block:
        raise BackupError("A backup needs a transaction of its own, and there is one already.")
    with _snapshot():
        migrations = applied_migrations()
        _check(migrations)
        tables = {table: columns_of(table) for table in existing(tables_at(migrations)) if table not in LEFT_OUT}
        archive = ArchiveWriter(file, _manifest(migrations, tables))
        for table, columns in tables.items():
            for total in archive.add_table(table, _copied(table, columns)):
                tell(table, total)
        # Read last: a number that was given out meanwhile does no harm, one that comes again would.
        return archive.finish(_sequences(list(tables)))


@contextmanager
def _snapshot() -> Iterator[None]:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute(NO_LIMITS)
        yield


def _check(migrations: tuple[Migration, ...]) -> None:
    if not migrations:
        raise BackupError("The database has no tables yet, so there is nothing to back up.")
    if unknown := unknown_migrations(migrations):
        raise BackupError(
            f"The database is of a newer version than this program ({'.'.join(unknown[0])} is not known here): "
            "make the backup with that version."
        )


def _manifest(migrations: tuple[Migration, ...], tables: dict[str, list[str]]) -> Manifest:
    with connection.cursor() as cursor:
        # Nobody changes a table while this transaction lasts.
        names = ", ".join(map(connection.ops.quote_name, tables))
        cursor.execute(f"LOCK TABLE {names} IN ACCESS SHARE MODE")
        cursor.execute("SHOW server_version")
        server_version = str(cursor.fetchall()[0][0])
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    return Manifest(made_at, __version__, server_version, migrations, tables, LEFT_OUT)


def _copied(table: str, columns: list[str]) -> Iterator[bytes | memoryview]:
    quote = connection.ops.quote_name
    statement = f"COPY {quote(table)} ({', '.join(map(quote, columns))}) TO STDOUT (ENCODING 'UTF8')"
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(statement) as copy:
        yield from copy


def _sequences(tables: list[str]) -> dict[str, tuple[int, bool]]:
    found = {}
    with connection.cursor() as cursor:
        for column, sequence in sequences_of(tables).items():
            cursor.execute(f"SELECT last_value, is_called FROM {sequence}")
            found[column] = cursor.fetchall()[0]
    return found
