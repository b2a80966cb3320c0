"""Fixtures of the tests of the administration."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from tests.pages.scene import make_user


@pytest.fixture
def ada(db: None) -> User:
    """An administrator by role; neither staff nor superuser."""
    user = make_user("ada")
    user.groups.add(Group.objects.get(name="admin"))
    return user


@pytest.fixture
def browser(ada: User) -> Client:
    """Her browser."""
    client = Client()
    client.force_login(ada)
    return client
