"""The audit trail: an entry for each write, in the same transaction where there is one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models

from orchestration.engine.json_values import find_problem
from orchestration.models import AuditEntry


@dataclass(frozen=True, slots=True)
class Origin:
    """Where writes come from at the moment."""

    via: str = AuditEntry.Via.COMMAND
    address: str | None = None
    token: str = ""


_NOWHERE: Final = Origin()
_origin: ContextVar[Origin] = ContextVar("origin", default=_NOWHERE)


@contextmanager
def writing_from(origin: Origin) -> Iterator[None]:
    """Say where the writes inside come from: set once, where a request comes in."""
    before = _origin.set(origin)
    try:
        yield
    finally:
        _origin.reset(before)


def come_from(origin: Origin) -> None:
    """Say it for the rest of this request or command."""
    _origin.set(origin)


def record(
    act: str,
    subject: models.Model | None = None,
    *,
    user: AbstractBaseUser | None = None,
    reason: str = "",
    detail: dict[str, Any] | None = None,
) -> None:
    """Write an entry. `act` is `noun.verb`, such as `tree.save`; `detail` says what changed, and holds no secret."""
    origin = _origin.get()
    facts = detail or {}
    if find_problem(facts) is not None:
        facts = {"note": "the details can't be stored as JSON"}
    AuditEntry.objects.create(
        user_id=user.pk if user else None,
        username=user.get_username() if user else "",
        via=origin.via,
        token=origin.token,
        address=origin.address,
        act=act,
        subject_type=subject._meta.model_name or "" if subject is not None else "",
        subject_id=str(subject.pk)[:64] if subject is not None else "",
        subject=str(subject)[:255] if subject is not None else "",
        reason=reason[:2000],
        detail=facts,
    )
