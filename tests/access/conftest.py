"""People with roles, for the tests of who may do what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User

from tests.pages.scene import make_user

MakePerson = Callable[..., User]


@pytest.fixture
def person(db: None) -> MakePerson:
    """Return a function that makes somebody with a role (None: without one)."""

    def make(name: str, role: str | None = None, **fields: Any) -> User:
        user = make_user(name, is_superuser=role == "superuser", **fields)
        if role not in (None, "superuser"):
            user.groups.add(Group.objects.get(name=role))
        return user

    return make
