"""The lines of Python that a receiver is told to check signatures with."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest

from orchestration.engine.webhook_signing import new_signing_secret, sign

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "send-webhooks.md"
SECRET, BODY = new_signing_secret(), b'{"event":"run.completed"}'


def is_genuine(*arguments: Any) -> bool:
    """Run what the page shows."""
    (snippet,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names: dict[str, Any] = {}
    exec(snippet, names)  # noqa: S102 - it is ours
    return bool(names["is_genuine"](*arguments))


def headers(at: int, *secrets: str) -> dict[str, str]:
    """What is sent along at a time, signed with some secrets."""
    signatures = " ".join(sign(secret, "msg_1", at, BODY) for secret in secrets)
    return {"webhook-id": "msg_1", "webhook-timestamp": str(at), "webhook-signature": signatures}


@pytest.mark.parametrize("secrets", [(SECRET,), (new_signing_secret(), SECRET)])
def test_it_knows_what_is_genuine(secrets: tuple[str, ...]) -> None:
    assert is_genuine(headers(int(time.time()), *secrets), BODY, SECRET)


def test_it_refuses_what_is_not() -> None:
    now = int(time.time())
    assert not is_genuine(headers(now, new_signing_secret()), BODY, SECRET)
    assert not is_genuine(headers(now, SECRET), BODY + b" ", SECRET)
    assert not is_genuine(headers(now - 400, SECRET), BODY, SECRET)
    assert not is_genuine(headers(now, SECRET) | {"webhook-timestamp": str(now + 1)}, BODY, SECRET)
