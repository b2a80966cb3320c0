"""What the schema says is so: made-up requests get answers that it declares, and never a fault of ours."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from .world import World

pytestmark = pytest.mark.django_db

KEPT: Final = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
#: Made-up requests for each operation, besides its examples.
EXAMPLES: Final = 5

# A file is sent piece by piece, which takes the asynchronous server.
schema = schemathesis.openapi.from_path(KEPT).exclude(operation_id=["read_run_file", "export_audit"])
schema.app = get_wsgi_application()
_turn = count()


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """Keep the connection whose transaction is taken back; Django's own test client does the same."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_answers_are_as_the_schema_says(case: Case[Any], world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    if (case.query or {}).get("format") == "text":
        del case.query["format"]  # sent piece by piece, which takes the asynchronous server
    if next(_turn) % 3:
        _aim(case, world)
    with transaction.atomic():
        case.call_and_validate(headers=world.headers["admin:admin"], checks=CHECKS)
        transaction.set_rollback(True)


def _aim(case: Case[Any], world: World) -> None:
    """Ask about things that are there: what is made up hardly ever is."""
    subject = world.others["shared"]
    real: dict[str, Any] = {"id": subject.ended.pk if "/runs/{id}" in case.path else subject.tree.pk}
    real |= {"task": "a", "other": "b", "number": 1}
    if not case.path.startswith(("/api/v1/trees/", "/api/v1/runs/")):
        return
    for name in case.path_parameters:
        case.path_parameters[name] = str(real.get(name, case.path_parameters[name]))
