"""Fixtures of the tests of the API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.test import Client
from pytest_django import DjangoDbBlocker

import orchestration.executors.echo
import orchestration.executors.rest  # noqa: F401 - registers it

from .world import World, make_world


@dataclass
class Answer:
    """A response, read."""

    status: int
    body: Any
    headers: Any

    @property
    def code(self) -> str:
        """The code of an error."""
        return str(self.body["error"]["code"])

    @property
    def paths(self) -> list[str]:
        """The places of an error's problems."""
        return [problem["path"] for problem in self.body["error"]["problems"]]


@dataclass
class Caller:
    """Somebody who sends JSON, in a session."""

    user: User
    client: Client = field(default_factory=Client)

    def __post_init__(self) -> None:
        self.client.force_login(self.user)

    def __call__(self, method: str, path: str, body: Any = None, *, version: Any = None, **headers: str) -> Answer:
        """Send a request; `version` is its If-Match, `body` a value or bytes."""
        sent: dict[str, Any] = {"headers": {name.replace("_", "-"): value for name, value in headers.items()}}
        if version is not None:
            sent["headers"]["If-Match"] = str(version)
        if body is not None:
            sent["data"] = body if isinstance(body, bytes) else json.dumps(body).encode()
            sent["content_type"] = "application/json"
        response: Any = self.client.generic(method, f"/api/v1{path}", **sent)
        is_json = response.headers.get("Content-Type", "").startswith("application/json")
        return Answer(response.status_code, json.loads(response.content) if is_json and response.content else None,
                      response.headers)  # fmt: skip


def person(name: str, role: str | None = None) -> User:
    """Make a user with a role."""
    user = User.objects.create(username=name)
    if role is not None:
        user.groups.add(Group.objects.get(name=role))
    return user


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """Everybody and everything, once for a module, whose tests take back what they do."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield make_world()
        transaction.set_rollback(True)


@pytest.fixture
def editor(db: None) -> Caller:
    """Edda, an editor."""
    return Caller(person("edda", "editor"))


@pytest.fixture
def viewer(db: None) -> Caller:
    """Vic, who may look only."""
    return Caller(person("vic", "viewer"))


@pytest.fixture
def admin(db: None) -> Caller:
    """Ada, an administrator."""
    return Caller(person("ada", "admin"))


def task(uid: str, *upstream: str, **fields: Any) -> dict[str, Any]:
    """Return a task of a document, as the API sends it back."""
    edges = [{"id": other, "required": True} for other in upstream]
    plain = {"id": uid, "name": uid, "executor": "echo", "inputs": {}, "priority": 2, "parent_id": None}
    return {**plain, "dependencies": edges, **fields}


def document(*tasks: dict[str, Any], name: str = "A tree", **tree: Any) -> dict[str, Any]:
    """Return a portable document."""
    return {"format": "apflow-tree", "version": 1, "tree": {"name": name, **tree}, "tasks": list(tasks)}
