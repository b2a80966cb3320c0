"""Django's database backend for the embedded server: PostgreSQL's own, started on first connection."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.db.backends.postgresql import base, client, creation

from apflow_site.embedded.server import ensure_server


class DatabaseClient(client.DatabaseClient):
    """`manage.py dbshell`, with the server's socket filled in."""

    @classmethod
    def settings_to_cmd_args_env(
        cls, settings_dict: dict[str, Any], parameters: Iterable[str]
    ) -> tuple[list[str], dict[str, str] | None]:
        """The arguments and environment of psql."""
        return super().settings_to_cmd_args_env({**settings_dict, **_connection_settings(settings_dict)}, parameters)


class DatabaseCreation(creation.DatabaseCreation):
    """Test databases, which go away also when a thread of an async test still holds a connection."""

    def _destroy_test_db(self, test_database_name: str, verbosity: int) -> None:
        with self.connection._nodb_cursor() as cursor:
            cursor.execute(f"DROP DATABASE {self.connection.ops.quote_name(test_database_name)} WITH (FORCE)")


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to the embedded server of the data directory in `settings_dict["DATA_DIR"]`."""

    client_class = DatabaseClient
    creation_class = DatabaseCreation

    def get_connection_params(self) -> dict[str, Any]:
        """Parameters for psycopg; starts the server when it does not run. Raises `EmbeddedServerError`."""
        self.settings_dict.update(_connection_settings(self.settings_dict))
        return super().get_connection_params()


def _connection_settings(settings_dict: dict[str, Any]) -> dict[str, str]:
    info = ensure_server(Path(settings_dict["DATA_DIR"]))
    return {"HOST": info.host, "PORT": str(info.port), "USER": info.user}
