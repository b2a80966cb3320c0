"""Requests and commands see what another process has made; strangers cost no look."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.test import AsyncClient, Client

from orchestration.actions import made_executors
from orchestration.engine.registry import default_registry
from orchestration.models import HttpExecutor
from orchestration.store.made_executors import read_made_in_request
from tests.pages.scene import make_user

pytestmark = pytest.mark.django_db

_READ = "orchestration.actions.made_executors.read_made_in_request"


@pytest.fixture(autouse=True)
def _nothing_left_over(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(made_executors, "EVERY_SECONDS", 60.0)  # a second is over soon on a full machine
    made_executors._read_at[0] = float("-inf")
    yield
    default_registry.replace_made([], "")


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The stamps with which the database was asked."""
    asked: list[str] = []

    def counted(stamp: str) -> Any:
        asked.append(stamp)
        return read_made_in_request(stamp)

    monkeypatch.setattr(_READ, counted)
    return asked


def signed_in() -> Client:
    client = Client()
    client.force_login(make_user("ann"))
    return client


def make_elsewhere() -> None:
    """Make an executor as another process does: nothing here is told."""
    HttpExecutor.objects.create(executor="thing", url="https://crm.example.org/")


def pass_a_second() -> None:
    made_executors._read_at[0] -= made_executors.EVERY_SECONDS


def test_a_request_sees_it_within_a_second(looks: list[str]) -> None:
    client = signed_in()
    assert client.get("/api/v1/executors/thing").status_code == 404
    make_elsewhere()
    assert client.get("/api/v1/executors/thing").status_code == 404
    assert len(looks) == 1, "it looks once a second"
    pass_a_second()
    assert client.get("/api/v1/executors/thing").status_code == 200
    HttpExecutor.objects.all().delete()
    pass_a_second()
    assert client.get("/trees/").status_code == 200
    assert "thing" not in default_registry and len(looks) == 3


@pytest.mark.asyncio
@pytest.mark.django_db(transaction=True)
async def test_asynchronous_requests_look_too(looks: list[str]) -> None:
    from asgiref.sync import sync_to_async

    await sync_to_async(make_elsewhere)()
    client = AsyncClient()
    await client.aforce_login(await sync_to_async(make_user)("ann"))
    assert (await client.get("/api/v1/executors/thing")).status_code == 200
    assert len(looks) == 1


def test_strangers_cost_no_look(looks: list[str]) -> None:
    for address in ("/login/", "/healthz", "/api/v1/executors"):
        Client().get(address)
    assert looks == []
    Client().get("/api/v1/executors", headers={"Authorization": "Bearer nonsense"})
    assert len(looks) == 1


def test_without_the_database_what_is_known_stays(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    make_elsewhere()
    made_executors.refresh_executors()

    def away(stamp: str) -> Any:
        raise OperationalError("away")

    monkeypatch.setattr(_READ, away)
    made_executors.refresh_executors(at_once=True)
    assert "thing" in default_registry
    assert "can't be read: away" in caplog.text


def test_commands_know_them(tmp_path: Path) -> None:
    file = tmp_path / "tree.json"
    file.write_text(json.dumps([{"id": "t", "name": "t", "executor": "thing"}]))
    with pytest.raises(CommandError, match="there is no executor 'thing' here"):
        call_command("validate", str(file), stdout=StringIO())
    make_elsewhere()
    said = StringIO()
    call_command("validate", str(file), stdout=said)
    assert "is valid" in said.getvalue()
    default_registry.replace_made([], "")
    said = StringIO()
    call_command("executors", "--json", stdout=said)
    (thing,) = [one for one in json.loads(said.getvalue())["executors"] if one["id"] == "thing"]
    assert (thing["origin"], thing["version"]) == ("made here", "1")
    assert thing["requires"][0]["name"] == "httpx"
