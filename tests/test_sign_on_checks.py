"""System checks of single sign-on."""

from __future__ import annotations

from typing import Any

import pytest

from orchestration.sign_on_checks import check_sign_on

GOOD: dict[str, Any] = {"ISSUER": "https://login.example.org/realms/main", "CLIENT_ID": "apflow"}


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, []),
        (GOOD, []),
        (GOOD | {"ROLES_CLAIM": "groups", "ROLES": ["a=b=editor"], "DEFAULT_ROLE": "viewer"}, []),
        (GOOD | {"ISSUER": "http://127.0.0.1:9400"}, []),
        (GOOD | {"ISSUER": "http://login.example.org"}, ["apflow.W020"]),
        (GOOD | {"ISSUER": "login.example.org"}, ["apflow.E020"]),
        (GOOD | {"ISSUER": "https://login.example.org/?a=b"}, ["apflow.E020"]),
        (GOOD | {"CLIENT_ID": ""}, ["apflow.E020"]),
        ({"CLIENT_ID": "apflow"}, ["apflow.E020"]),
        ({"ONLY": True, "CLIENT_SECRET": "x"}, ["apflow.E020"] * 2),
        (GOOD | {"DEFAULT_ROLE": "boss"}, ["apflow.E021"]),
        (GOOD | {"ROLES_CLAIM": "groups", "ROLES": ["a=boss", "editor", "=viewer"]}, ["apflow.E021"] * 3),
        (GOOD | {"ROLES": ["a=viewer"]}, ["apflow.E021"]),
    ],
)
def test_what_can_not_work_together_is_said(settings: Any, fields: dict[str, Any], found: list[str]) -> None:
    for name, value in fields.items():
        setattr(settings, f"APFLOW_OIDC_{name}", value)
    messages = check_sign_on(None)
    assert [message.id for message in messages] == found
    assert all(message.hint for message in messages)
