"""Fixtures for all tests."""

from __future__ import annotations

import pytest
from django.db import connection

from apflow_site.embedded.base import DatabaseCreation


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """Let the test database go away on an external server too while a thread of an async test is still connected."""
    connection.creation = DatabaseCreation(connection)
