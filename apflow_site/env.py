"""Typed reads of environment variables.

An unset or blank variable means its default. A value that can't be used raises `ImproperlyConfigured` with one
sentence that names the variable, the value and what is accepted.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})

# libpq parameters that Django keeps outside of OPTIONS, by the name that Django gives them.
_DJANGO_KEYS = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD", "dbname": "NAME"}


def env_str(name: str, default: str) -> str:
    """The variable's text without surrounding blanks."""
    return os.environ.get(name, "").strip() or default


def env_bool(name: str, default: bool) -> bool:
    """True for 1, true, yes, on; false for 0, false, no, off; in any case."""
    value = env_str(name, "").lower()
    if not value:
        return default
    if value not in _TRUE | _FALSE:
        raise _refusal(name, value, "one of 1, true, yes, on, 0, false, no, off")
    return value in _TRUE


def env_int(name: str, default: int, *, minimum: int, maximum: int) -> int:
    """A whole number from `minimum` to `maximum`, both included."""
    value = env_str(name, "")
    if not value:
        return default
    # isascii + isdigit: int() would also take "1_000", " 7" and digits of other scripts.
    digits = value.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and minimum <= int(value) <= maximum):
        raise _refusal(name, value, f"a whole number from {minimum} to {maximum}")
    return int(value)


def env_choice(name: str, default: str, choices: tuple[str, ...]) -> str:
    """One of a few words."""
    value = env_str(name, default)
    if value not in choices:
        raise _refusal(name, value, f"one of {', '.join(choices)}")
    return value


def env_list(name: str, default: list[str]) -> list[str]:
    """Comma-separated texts without surrounding blanks; empty items are dropped."""
    value = env_str(name, "")
    if not value:
        return list(default)
    return [item for part in value.split(",") if (item := part.strip())]


def env_path(name: str, default: Path) -> Path:
    """An absolute path; `~` is expanded and a relative path starts at the working directory."""
    value = env_str(name, "")
    if not value:
        return default
    if "\0" in value or "\n" in value:
        raise _refusal(name, value, "a path on one line")
    try:
        return Path(value).expanduser().absolute()
    except RuntimeError as error:  # expanduser: no such user
        raise _refusal(name, value, "a path whose home folder exists") from error


def env_database(name: str) -> dict[str, Any] | None:
    """Django's database settings from a PostgreSQL URL, or None when the variable is unset.

    The URL is libpq's own (`postgres://user:password@host:5432/name?sslmode=require`), percent-encoding included;
    every parameter that libpq knows is passed on. The refusal never repeats the value: it may hold a password.
    """
    value = env_str(name, "")
    if not value:
        return None
    scheme = value.split(":", 1)[0] if ":" in value else ""
    if scheme not in {"postgres", "postgresql"} or "://" not in value:
        shown = f"{scheme}:" if scheme else "no scheme"
        raise ImproperlyConfigured(
            f"{name} starts with {shown!r}, but PostgreSQL is the only supported database: "
            "use postgres://user:password@host:5432/name, or unset it to use the embedded server."
        )
    try:
        parameters = {key: str(item) for key, item in conninfo_to_dict(value).items() if item is not None}
    except ProgrammingError as error:
        raise ImproperlyConfigured(
            f"{name} can't be read as a PostgreSQL URL; accepted is "
            "postgres://user:password@host:5432/name?sslmode=require with special characters percent-encoded."
        ) from error
    if not parameters.get("dbname"):
        raise ImproperlyConfigured(
            f"{name} names no database: add its name at the end, as in postgres://host:5432/name."
        )
    database: dict[str, Any] = {"ENGINE": "django.db.backends.postgresql", "OPTIONS": {}}
    for key, item in parameters.items():
        if key in _DJANGO_KEYS:
            database[_DJANGO_KEYS[key]] = item
        else:
            database["OPTIONS"][key] = item
    return database


def env_origins(name: str) -> list[str]:
    """Comma-separated origins such as `https://flows.example.org`: a scheme and a host, no path."""
    origins = env_list(name, [])
    for origin in origins:
        parts = urlsplit(origin)
        if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path or parts.query or parts.fragment:
            raise _refusal(name, origin, "origins such as https://flows.example.org, with no path, separated by commas")
    return origins


def _refusal(name: str, value: str, accepted: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{name} is {value!r}, which can't be used: accepted is {accepted}.")
