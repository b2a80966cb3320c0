"""The permission matrix of secrets; see `matrix.py`."""

from __future__ import annotations

from typing import Any, Final
from uuid import uuid4

from django.contrib.auth.models import User

from orchestration.actions.secrets import create_secret

from .matrix import Row
from .world import Subject

_NEW: Final = {"name": "CRM", "value": "a value of six or more"}


def _secret(subject: Subject) -> dict[str, Any]:
    owner = User.objects.get(username="superuser")
    return {"id": create_secret({"name": f"S_{uuid4().hex}"}, "another value", user=owner).pk}


EXPECTED: dict[str, Row] = {
    "list_secrets": Row("administer"),
    "make_secret": Row("administer", body=_NEW),
    "list_secret_uses": Row("administer"),
    "read_secret": Row("administer", path=_secret),
    "update_secret": Row("administer", path=_secret, body={"value": "a new value"}),
    "remove_secret": Row("administer", path=_secret),
}
