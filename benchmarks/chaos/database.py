"""A PostgreSQL server of our own, which can be restarted, crashed, and made to drop connections."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import psycopg

from apflow_site.embedded.locations import locate
from apflow_site.embedded.server import ConnectionInfo, ensure_server, release_server
from benchmarks.chaos.worker_process import wait_until


class PrivateDatabase:
    """The embedded server of a data directory that nobody else uses."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir.resolve()
        self.info: ConnectionInfo = ensure_server(self.data_dir)
        self._cluster = locate(self.data_dir).cluster

    @property
    def url(self) -> str:
        """What goes into DATABASE_URL."""
        return self.info.url

    def restart(self, *, crash: bool = False, away_seconds: float = 0.0) -> None:
        """Stop the server, in good order or as if its machine had lost power, and start it again after a while."""
        pid = int((self._cluster / "postmaster.pid").read_text(encoding="ascii").split()[0])
        os.kill(pid, signal.SIGQUIT if crash else signal.SIGINT)
        wait_until(lambda: not _runs(pid), 60, "the database server to stop")
        time.sleep(away_seconds)
        ensure_server(self.data_dir)

    def drop_connections(self) -> int:
        """End every session of the database but this one; returns how many there were."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            return len(cursor.fetchall())

    def stop(self) -> None:
        """Stop the server."""
        release_server(self.data_dir)


def _runs(pid: int) -> bool:
    with suppress(OSError):
        # A child of ours that nobody has waited for yet is a zombie, and has ended.
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    return False
