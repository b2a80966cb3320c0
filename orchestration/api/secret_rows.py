"""Secrets and their uses as the API takes and shows them. A value is taken, and shown by nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import ConfigDict, Field

from orchestration.actions.secrets import MAX_VALUE_CHARS
from orchestration.engine.secret_forms import MIN_CHARS
from orchestration.models import Secret, SecretUse

from .schemas import Fields, Flag, Moment, Text

_MAX_GRANTS: Final = 1_000
_EXAMPLE: Final[dict[str, Any]] = {"name": "CRM_TOKEN", "value": "a-token-of-the-crm", "executors": ["rest_executor"]}

SecretName = Annotated[
    Text, Field(min_length=1, max_length=100, description="tasks name it as {{ secrets.NAME }}", examples=["CRM_TOKEN"])
]
Value = Annotated[
    Text,
    Field(
        min_length=MIN_CHARS,
        max_length=MAX_VALUE_CHARS,
        description="nobody can read it again",
        examples=["a-token-of-the-crm"],
        json_schema_extra={"writeOnly": True},
    ),
]
Description = Annotated[Text, Field(description="what it opens, and where a new one is had", examples=["Of the CRM"])]
ForAll = Annotated[Flag, Field(description="every task of every tree may use it", examples=[False])]
Executors = Annotated[
    list[Text],
    Field(max_length=_MAX_GRANTS, description="tasks of these executors may use it", examples=[["rest_executor"]]),
]
Trees = Annotated[list[UUID], Field(max_length=_MAX_GRANTS, description="all tasks of these trees may", examples=[[]])]
Webhooks = Annotated[
    list[UUID],
    Field(max_length=_MAX_GRANTS, description="the headers of these outgoing webhooks may", examples=[[]]),
]


class NewSecretIn(Fields):
    """A new secret: its value, and who may use it; without grants nobody may."""

    model_config = ConfigDict(title="NewSecret", json_schema_extra={"example": _EXAMPLE})

    name: SecretName
    value: Value
    description: Description = ""
    for_all: ForAll = False
    executors: Executors = []
    trees: Trees = []
    webhooks: Webhooks = []


class SecretChanges(Fields):
    """What is to change of a secret; what is absent or null stays."""

    model_config = ConfigDict(json_schema_extra={"example": {"value": "another-token-of-the-crm"}})

    name: SecretName | None = None
    value: Value | None = None
    description: Description | None = None
    for_all: ForAll | None = None
    executors: Executors | None = None
    trees: Trees | None = None
    webhooks: Webhooks | None = None


class SecretOut(Fields):
    """A secret, without its value."""

    model_config = ConfigDict(title="Secret")

    id: int = Field(examples=[3])
    name: SecretName
    description: Description
    for_all: ForAll
    executors: Executors
    trees: Trees
    webhooks: Webhooks
    created_at: Moment
    value_set_at: Moment
    value_set_by: str | None = Field(
        description="who made the present value; null: nobody who is here", examples=["ada"]
    )
    last_used_at: Moment | None = Field(description="when an attempt or a delivery got it last")


class SecretUseOut(Fields):
    """An attempt, or a delivery to a webhook, that was given a secret. It outlives the secret and its run."""

    model_config = ConfigDict(title="SecretUse")

    id: int = Field(examples=[4711])
    at: Moment
    name: str = Field(description="what the secret was called", examples=["CRM_TOKEN"])
    secret: int | None = Field(description="its id; null: it is deleted", examples=[3])
    run: UUID | None
    task: str = Field(description="the id of a task; empty for a webhook", examples=["fetch"])
    executor: str = Field(examples=["rest_executor"])
    webhook: str = Field(description="the name of a webhook; empty for a task", examples=[""])


def secret_rows(secrets: Sequence[Secret]) -> list[Any]:
    """Return secrets as SecretOut: their `used_at` is there, their grants and who set their values are loaded."""
    return [_secret(secret) for secret in secrets]


def use_rows(uses: Sequence[SecretUse]) -> list[Any]:
    """Return uses as SecretUseOut."""
    same = set(SecretUseOut.model_fields) - {"secret", "task"}
    return [
        {name: getattr(use, name) for name in same} | {"secret": use.secret_id, "task": use.task_uid} for use in uses
    ]


def _secret(secret: Any) -> dict[str, Any]:
    same = ("id", "name", "description", "for_all", "executors", "created_at")
    who = secret.updated_by
    return {name: getattr(secret, name) for name in same} | {
        "trees": sorted(tree.pk for tree in secret.trees.all()),
        "webhooks": sorted(webhook.pk for webhook in secret.webhooks.all()),
        "value_set_at": secret.updated_at,
        "value_set_by": who.get_username() if who else None,
        "last_used_at": secret.used_at,
    }
