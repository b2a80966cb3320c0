"""Fixtures for all tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings
from hypothesis import settings

from apflow_site.embedded.base import DatabaseCreation
from tests import emptying

# No example has to be quick: a full machine would fail right code.
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """Let the test database go away on an external server too while a thread of an async test is still connected."""
    connection.creation = DatabaseCreation(connection)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Make the test database as pytest-django does, and have it emptied quickly."""
    with django_db_blocker.unblock():
        emptying.install()
    yield
    emptying.uninstall()


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> Iterator[None]:
    """Hash passwords in no time: a real hash takes half a second by design, for each user that a test makes."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield
