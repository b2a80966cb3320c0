"""Who may do what: every operation of the schema, as everybody, of every kind of subject.

The expected answers stand in `matrix.py` and the `expected_*.py` files; nothing of them is computed from the rules.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

import pytest
from django.db import transaction

from orchestration.api.app import api
from orchestration.api.openapi import operations

from . import (
    expected_hooks,
    expected_http_executors,
    expected_people,
    expected_runs,
    expected_schedules,
    expected_secrets,
    expected_trees,
    expected_webhooks,
)
from .matrix import ASKERS, SUBJECTS, TABLES, Row, answers_of
from .world import Subject, World

pytestmark = pytest.mark.django_db

OPERATIONS: Final = {
    operation["operationId"]: (method, path, operation)
    for path, method, operation in operations(api.get_openapi_schema())
}
EXPECTED: Final[dict[str, Row]] = {
    **expected_trees.EXPECTED,
    **expected_people.EXPECTED,
    **expected_runs.EXPECTED,
    **expected_schedules.EXPECTED,
    **expected_secrets.EXPECTED,
    **expected_webhooks.EXPECTED,
    **expected_http_executors.EXPECTED,
    **expected_hooks.EXPECTED,
}


def test_every_operation_has_a_row_and_every_row_an_operation() -> None:
    assert sorted(EXPECTED) == sorted(OPERATIONS)


def test_the_tables_are_whole() -> None:
    for table in TABLES:
        assert answers_of(table).keys() == {(asker, subject) for asker in ASKERS for subject in SUBJECTS}, table


@pytest.mark.parametrize("operation_id", sorted(EXPECTED))
def test_an_operation_answers_everybody_as_it_should(operation_id: str, world: World) -> None:
    method, path, operation = OPERATIONS[operation_id]
    row = EXPECTED[operation_id]
    successes = {int(status) for status in operation["responses"] if status < "300"}
    wrong = []
    for (asker, kind), expected in answers_of(row.table).items():
        status = _send(world, asker, method, path, row, world.subject(asker, kind))
        wanted = successes if expected == "ok" else {int(expected)}
        if status not in wanted:
            wrong.append(f"{asker:13} {kind:8} is answered {status}, not {expected}")
    assert not wrong, "\n".join([f"{method.upper()} {path} ({row.table}):", *wrong])


def _send(world: World, asker: str, method: str, path: str, row: Row, subject: Subject) -> int:
    body = row.body(subject) if callable(row.body) else row.body
    sent: dict[str, Any] = {"headers": dict(row.headers)}
    if body is not None:
        sent |= {"data": json.dumps(body, default=str).encode(), "content_type": "application/json"}
    address = _address(path, row, subject) + (f"?{row.query}" if row.query else "")
    with transaction.atomic():
        status: int = world.ask(asker, method, address, **sent).status_code
        transaction.set_rollback(True)
    return status


def _address(path: str, row: Row, subject: Subject) -> str:
    run = subject.live if row.run == "live" else subject.ended
    values: dict[str, Any] = {"id": run.pk if "/runs/{id}" in path else subject.tree.pk}
    values |= {"task": "a", "other": "b", "number": 1}
    own: Mapping[str, Any] = row.path(subject) if callable(row.path) else row.path
    return re.sub(r"{(\w+)}", lambda match: str({**values, **own}[match[1]]), path)
