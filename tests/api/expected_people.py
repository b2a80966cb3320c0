"""The permission matrix of what is about people: the caller, tokens, the audit trail; see `matrix.py`."""

from __future__ import annotations

from typing import Any

from .matrix import Row
from .world import Subject


def _token(subject: Subject) -> dict[str, Any]:
    return {"id": subject.token.pk if subject.token else 1}


EXPECTED: dict[str, Row] = {
    "read_me": Row("anybody"),
    "list_tokens": Row("tokens"),
    "make_token": Row("tokens", body={"name": "mine", "scope": "read"}),
    "delete_token": Row("tokens", path=_token),
    "list_audit": Row("administer"),
}
