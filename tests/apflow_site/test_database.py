"""The project's database is a PostgreSQL, embedded or not."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.db import connection

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


def test_a_connection_answers() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_encoding')")
        assert cursor.fetchone() == ("UTF8",)


@pytest.mark.asyncio
async def test_an_async_test_may_use_it_and_leaves_nothing_that_keeps_it_alive() -> None:
    assert await get_user_model().objects.acount() == 0
