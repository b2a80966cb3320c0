"""What a database holds at some state of its migrations: tables, columns, sequences, foreign keys."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from django.db.migrations.loader import MigrationLoader

from orchestration.store.schema import Migration

#: Where Django notes which migrations were applied; a backup has that in its manifest.
MIGRATIONS_TABLE: Final = "django_migrations"

_COLUMNS: Final = """
SELECT attname FROM pg_attribute
WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum
"""

_SEQUENCES: Final = """
SELECT c.relname || '.' || a.attname, pg_get_serial_sequence(quote_ident(c.relname), a.attname)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.oid = ANY(%s::regclass[]) AND a.attnum > 0 AND NOT a.attisdropped
  AND pg_get_serial_sequence(quote_ident(c.relname), a.attname) IS NOT NULL
"""

_FOREIGN_KEYS: Final = """
SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid)
FROM pg_constraint WHERE contype = 'f' AND conrelid = ANY(%s::regclass[]) ORDER BY 1, 2
"""

#: Functions that migrations made, for triggers; their names begin with that of the app.
_FUNCTIONS: Final = """
SELECT oid::regprocedure::text FROM pg_proc
WHERE pronamespace = current_schema()::regnamespace AND starts_with(proname, 'orchestration_')
"""


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A constraint, as it is made again: all three parts are SQL already."""

    table: str
    name: str
    definition: str


def last_of_each_app(migrations: Collection[Migration]) -> list[Migration]:
    """Return the migrations of these that no other one of the same app follows."""
    nodes = MigrationLoader(None).graph.node_map
    there = {one for one in migrations if one in nodes}
    return [
        one for one in there if not any(child.key[0] == one[0] and child.key in there for child in nodes[one].children)
    ]


def tables_at(migrations: Collection[Migration]) -> list[str]:
    """Return the tables of Django's models as they were after these migrations, many-to-many ones too."""
    loader = MigrationLoader(None)
    state = loader.project_state([one for one in migrations if one in loader.graph.nodes])
    models = state.apps.get_models(include_auto_created=True)
    return sorted({model._meta.db_table for model in models if model._meta.managed and not model._meta.proxy})


def columns_of(table: str) -> list[str]:
    """Return the columns of a table that are stored, in their order."""
    return [name for (name,) in _rows(_COLUMNS, [_quoted(table)])]


def sequences_of(tables: Sequence[str]) -> dict[str, str]:
    """Map `table.column` to the sequence that numbers it."""
    return {str(column): str(sequence) for column, sequence in _rows(_SEQUENCES, [[*map(_quoted, tables)]])}


def foreign_keys_of(tables: Sequence[str]) -> list[ForeignKey]:
    """Return the foreign keys of these tables."""
    return [ForeignKey(*row) for row in _rows(_FOREIGN_KEYS, [[*map(_quoted, tables)]])]


def functions() -> list[str]:
    """Return the functions that migrations of ours have made."""
    return [name for (name,) in _rows(_FUNCTIONS, [])]


def existing(tables: Collection[str]) -> list[str]:
    """Return those of these tables that the database has."""
    with connection.cursor() as cursor:
        there = set(connection.introspection.table_names(cursor))
    return [table for table in tables if table in there]


def has_rows(table: str) -> bool:
    """Tell whether a table has any row."""
    return bool(_rows(f"SELECT EXISTS (SELECT 1 FROM {_quoted(table)})", [])[0][0])


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)


def _rows(statement: str, values: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
