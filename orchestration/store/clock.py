"""The database's clock, which every process shares."""

from __future__ import annotations

from datetime import datetime

from .connection import django_cursor


def database_now() -> datetime:
    """Return the time now, whatever this machine's clock says, on Django's connection."""
    with django_cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now
