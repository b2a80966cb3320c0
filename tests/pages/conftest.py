"""Fixtures of the tests of the pages."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from .scene import Scene, make_scene, make_user


@pytest.fixture
def admin(db: None) -> User:
    """A superuser."""
    return make_user("ada", is_superuser=True, is_staff=True)


@pytest.fixture
def viewer(db: None) -> User:
    """Somebody who may look only."""
    return make_user("vic")


@pytest.fixture
def operator(db: None) -> User:
    """Somebody who may start runs."""
    user = make_user("olga")
    user.user_permissions.add(Permission.objects.get(codename="add_run", content_type__app_label="orchestration"))
    return user


@pytest.fixture
def scene(admin: User) -> Scene:
    """A site in use; its trees belong to the superuser."""
    return make_scene(admin)


@pytest.fixture
def as_admin(admin: User) -> Client:
    """The superuser's browser."""
    return signed_in(admin)


@pytest.fixture
def as_viewer(viewer: User) -> Client:
    """The viewer's browser."""
    return signed_in(viewer)


@pytest.fixture
def as_operator(operator: User) -> Client:
    """The operator's browser."""
    return signed_in(operator)


def signed_in(user: User) -> Client:
    """Return a browser in which somebody is signed in."""
    client = Client()
    client.force_login(user)
    return client


def text_of(response: Any) -> str:
    """Return a page's HTML."""
    return str(response.content.decode())
