"""The permission matrix of executors that are made here; see `matrix.py`."""

from __future__ import annotations

from typing import Any, Final

from orchestration.models import HttpExecutor

from .matrix import Row
from .world import Subject

_NEW: Final = {"id": "crm", "url": "https://crm.example.org/people"}


def _made(subject: Subject) -> dict[str, Any]:
    HttpExecutor.objects.get_or_create(executor="crm", defaults={"url": "https://crm.example.org/people"})
    return {"id": "crm"}


EXPECTED: dict[str, Row] = {
    "list_http_executors": Row("administer"),
    "create_http_executor": Row("administer", body=_NEW),
    "preview_http_executor": Row("administer", body={"definition": _NEW}),
    "read_http_executor": Row("administer", path=_made),
    "update_http_executor": Row("administer", path=_made, body={"enabled": False}, headers={"If-Match": "*"}),
    "remove_http_executor": Row("administer", path=_made),
}
