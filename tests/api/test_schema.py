"""The schema: kept as it is, whole, with examples that fit, and true to what the API answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
from django.test import Client

from orchestration.api.app import api
from orchestration.api.openapi import operations, schema_text
from orchestration.api.schemas import Fields

SCHEMA: Final[dict[str, Any]] = api.get_openapi_schema()
KEPT: Final = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"
OPERATIONS: Final = [(f"{method.upper()} {path}", operation) for path, method, operation in operations(SCHEMA)]


def test_the_schema_that_is_kept_is_the_codes() -> None:
    assert KEPT.read_text(encoding="utf-8") == schema_text(api), "run `make openapi`"


def test_it_is_public() -> None:
    response = Client().get("/api/v1/openapi.json")
    assert response.status_code == 200
    assert response.json() == SCHEMA


def test_operations_have_names_of_their_own() -> None:
    names = Counter(operation["operationId"] for _, operation in OPERATIONS)
    assert [name for name, count in names.items() if count > 1] == []


def test_schemas_have_names_of_their_own() -> None:
    # Of two with one name only one would be in the schema, and stand for both.
    names = Counter(model.__name__ for model in set(_models(Fields)))
    assert [name for name, count in names.items() if count > 1] == []


def _models(base: type[Fields]) -> Iterator[type[Fields]]:
    for model in base.__subclasses__():
        yield model
        yield from _models(model)


def test_every_operation_says_what_it_does_and_how_it_fails() -> None:
    for name, operation in OPERATIONS:
        assert operation["summary"], name
        assert operation["description"], name
        assert operation["tags"], name
        statuses = operation["responses"].keys()
        assert statuses & {"200", "201", "202", "204"}, name
        assert {"400", "401", "403", "503"} <= statuses, name
        assert ("404" in statuses) >= ("{" in name), name
        assert ("422" in statuses) >= ("requestBody" in operation), name


def media_of(operation: dict[str, Any]) -> list[dict[str, Any]]:
    answers = [answer for status, answer in operation["responses"].items() if status < "300"]
    return [
        media
        for part in (operation.get("requestBody", {}), *answers)
        for kind, media in part.get("content", {}).items()
        if kind == "application/json"
    ]


@pytest.mark.parametrize(("name", "operation"), OPERATIONS, ids=[name for name, _ in OPERATIONS])
def test_examples_fit_their_schemas(name: str, operation: dict[str, Any]) -> None:
    for media in media_of(operation):
        assert "example" in media
        whole = {**media["schema"], "components": SCHEMA["components"]}
        jsonschema.Draft202012Validator(whole).validate(media["example"])
