"""The server's configuration files, written anew at each start.

`ALTER SYSTEM` (postgresql.auto.conf) is left alone and wins, so an operator can still tune the server.
"""

from __future__ import annotations

from pathlib import Path

from apflow_site.embedded.locations import PORT, Locations

_SETTINGS = {
    # Nothing listens on TCP; the socket's folder is private.
    "listen_addresses": "''",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "wal_compression": "on",
    "fsync": "on",
    "synchronous_commit": "on",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "datestyle": "'iso, mdy'",
    "lc_messages": "'C'",
    "log_line_prefix": "'%m [%p] '",
    "log_checkpoints": "off",
}

_ACCESS = "local all all trust\n"


def write_configuration(places: Locations) -> None:
    """Write postgresql.conf and pg_hba.conf into the cluster; raises OSError."""
    settings = {**_SETTINGS, "unix_socket_directories": _quoted(f'"{places.socket_dir}"')}
    text = "".join(f"{name} = {value}\n" for name, value in settings.items())
    _write(places, "postgresql.conf", "# Written at each start; use ALTER SYSTEM for settings of your own.\n" + text)
    _write(places, "pg_hba.conf", _ACCESS)


def _quoted(text: str) -> str:
    doubled = text.replace("\\", "\\\\").replace("'", "''")
    return f"'{doubled}'"


def _write(places: Locations, name: str, text: str) -> None:
    draft: Path = places.cluster / f"{name}.new"
    draft.write_text(text, encoding="utf-8")
    draft.chmod(0o600)
    places.account.give(draft)
    draft.replace(places.cluster / name)
