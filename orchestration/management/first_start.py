"""Prepares the database: migrations, and at the very first start the administrator and the example trees."""

from __future__ import annotations

import importlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connection, transaction

from orchestration.store.schema import PREPARING_LOCK

from .schema_guard import require_no_newer_schema

ADMIN_NAME = "admin"
PASSWORD_VARIABLE = "APFLOW_ADMIN_PASSWORD"  # noqa: S105  (the variable's name)
_EXAMPLES = "orchestration.management.examples"


@dataclass(frozen=True)
class FirstAdmin:
    """The administrator that was just created; `password` is None when the operator chose it."""

    name: str
    password: str | None


def prepare_database() -> FirstAdmin | None:
    """Bring the database up to date; returns the administrator when one had to be created.

    Any number of processes may do this at once: they take turns.
    """
    with _one_at_a_time():
        require_no_newer_schema()
        call_command("migrate", interactive=False, verbosity=0)
        if get_user_model().objects.filter(is_superuser=True).exists():
            return None
        # Together, so that a start that is interrupted here does both again.
        with transaction.atomic():
            admin = _create_admin()
            _load_examples()
        return admin


def _create_admin() -> FirstAdmin:
    chosen = os.environ.get(PASSWORD_VARIABLE, "")
    password = chosen or secrets.token_urlsafe(12)
    users = get_user_model().objects
    name = ADMIN_NAME
    while users.filter(username=name).exists():  # an ordinary user may have that name already
        name = f"{ADMIN_NAME}-{secrets.token_hex(2)}"
    admin = users.create_superuser(name, password=password)
    # What a superuser may do anyway, in the words of the roles.
    admin.groups.add(Group.objects.get(name="admin"))
    return FirstAdmin(name, None if chosen else password)


def _load_examples() -> None:
    if settings.APFLOW_EXAMPLES and find_spec(_EXAMPLES) is not None:
        importlib.import_module(_EXAMPLES).load_examples()


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [PREPARING_LOCK])
    try:
        yield
    finally:
        # Ends the lock too; nothing else of this process needs the connection.
        connection.close()
