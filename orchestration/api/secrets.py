"""Secrets: made, granted, replaced, and read by nobody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet
from ninja import Path, Query, Router, Status
from pydantic import Field

from orchestration.access import rules
from orchestration.actions.secrets import FIELDS, change_secret, create_secret, delete_secret
from orchestration.engine.errors import InvalidDefinitionError, Problem
from orchestration.models import OutgoingWebhook, Secret, SecretUse, Tree

from .door import ApiRequest
from .errors import forbidden, not_found
from .paging import Order, Page, PageQuery
from .schemas import Moment, Text
from .secret_rows import NewSecretIn, SecretChanges, SecretOut, SecretUseOut, secret_rows, use_rows

router = Router(tags=["secrets"])

_BY_NAME: Final = Order(("name", "id"))
_NEWEST: Final = Order(("-id",))
_DENIED: Final = "Secrets are for administrators, and for those whom they give the permission."
SecretId = Annotated[int, Path(ge=1, le=2**63 - 1)]
M = TypeVar("M", bound=Model)


class SecretQuery(PageQuery):
    """What a list of secrets is narrowed by."""

    q: Text | None = Field(None, max_length=200, description="a part of the name or of the description")


class SecretUseQuery(PageQuery):
    """What the log of uses is narrowed by."""

    name: Text | None = Field(None, max_length=100, description="what the secret was called")
    run: UUID | None = None
    task: Text | None = Field(None, max_length=255, description="the id of a task")
    executor: Text | None = Field(None, max_length=255)
    webhook: Text | None = Field(None, max_length=255, description="the name of a webhook")
    since: Moment | None = None
    until: Moment | None = None


@router.get("/secrets", response=Page[SecretOut], summary="List secrets")
def list_secrets(request: ApiRequest, query: Query[SecretQuery]) -> Page[Any]:
    """List secrets by name: who may use them, and when each was used last; their values are shown by nothing."""
    _require_sight(request)
    words = Q(name__icontains=query.q) | Q(description__icontains=query.q) if query.q else Q()
    return _BY_NAME.page(_secrets().filter(words), query, secret_rows)


@router.post("/secrets", response={201: SecretOut}, summary="Make a secret")
def make_secret(request: ApiRequest, body: NewSecretIn) -> Status[Any]:
    """Make a secret. The next attempt that names it and may use it gets it."""
    if not rules.may_manage_secrets(request.auth, "add"):
        raise forbidden(_DENIED)
    values = {name: getattr(body, name) for name in FIELDS}
    made = create_secret(values, body.value, **_grants(body), user=request.auth.user)
    return Status(201, _shown(made.pk))


@router.get("/secrets/uses", response=Page[SecretUseOut], summary="Who has used which secret")
def list_secret_uses(request: ApiRequest, query: Query[SecretUseQuery]) -> Page[Any]:
    """List the attempts and deliveries that were given secrets, newest first, those of deleted secrets too."""
    if not rules.may_see_secret_uses(request.auth):
        raise forbidden(_DENIED)
    wanted = {
        **{"name": query.name, "run": query.run, "task_uid": query.task, "executor": query.executor},
        **{"webhook": query.webhook, "at__gte": query.since, "at__lt": query.until},
    }
    found = SecretUse.objects.filter(**{name: value for name, value in wanted.items() if value is not None})
    return _NEWEST.page(found, query, use_rows)


@router.get("/secrets/{int:id}", response=SecretOut, summary="Read a secret, but its value")
def read_secret(request: ApiRequest, id: SecretId) -> Any:
    """Return what is known of a secret."""
    _require_sight(request)
    return _shown(_found(id).pk)


@router.patch("/secrets/{int:id}", response=SecretOut, summary="Change a secret")
def update_secret(request: ApiRequest, id: SecretId, body: SecretChanges) -> Any:
    """Change what is sent of a secret: a new value, what it is granted to, its description. The rest stays."""
    if not rules.may_manage_secrets(request.auth, "change"):
        raise forbidden(_DENIED)
    values = {name: getattr(body, name) for name in FIELDS if getattr(body, name) is not None}
    change_secret(_found(id), values, value=body.value, **_grants(body), user=request.auth.user)
    return _shown(id)


@router.delete("/secrets/{int:id}", response={204: None}, summary="Delete a secret")
def remove_secret(request: ApiRequest, id: SecretId) -> Status[None]:
    """Delete a secret. Attempts that name it fail from then on; the log of its uses stays."""
    if not rules.may_manage_secrets(request.auth, "delete"):
        raise forbidden(_DENIED)
    delete_secret(_found(id), user=request.auth.user)
    return Status(204, None)


def _require_sight(request: ApiRequest) -> None:
    if not rules.may_see_secrets(request.auth):
        raise forbidden(_DENIED)


def _secrets() -> QuerySet[Secret]:
    found = Secret.objects.with_last_use().defer("ciphertext")
    return found.select_related("updated_by").prefetch_related("trees", "webhooks")


def _shown(pk: int) -> Any:
    return secret_rows([_secrets().get(pk=pk)])[0]


def _found(pk: int) -> Secret:
    secret = Secret.objects.filter(pk=pk).first()
    if secret is None:
        raise not_found("secret")
    return secret


def _grants(body: NewSecretIn | SecretChanges) -> dict[str, Any]:
    """Return the trees and webhooks that were sent, by those names. Raises InvalidDefinitionError for unknown ones."""
    trees, webhooks = body.trees, body.webhooks
    return {
        "trees": None if trees is None else _rows(Tree, trees, "trees"),
        "webhooks": None if webhooks is None else _rows(OutgoingWebhook, webhooks, "webhooks"),
    }


def _rows(kind: type[M], pks: Sequence[UUID], name: str) -> list[M]:
    found = kind._default_manager.in_bulk(pks)
    missing = [index for index, pk in enumerate(pks) if pk not in found]
    if missing:
        what = kind._meta.verbose_name
        raise InvalidDefinitionError([Problem(f"$.{name}[{index}]", f"there is no such {what}") for index in missing])
    return list(found.values())
