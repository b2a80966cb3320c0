"""The audit trail: an entry for each write, in the same transaction where there is one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, Final

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models

from orchestration.engine.json_values import find_problem, storable_text
from orchestration.models import AuditEntry


@dataclass(frozen=True, slots=True)
class Origin:
    """Where writes come from at the moment."""

    via: str = AuditEntry.Via.COMMAND
    address: str | None = None
    token: str = ""


_NOWHERE: Final = Origin()
_origin: ContextVar[Origin] = ContextVar("origin", default=_NOWHERE)


def origin() -> Origin:
    """Return where writes come from at the moment."""
    return _origin.get()


@contextmanager
def writing_from(source: Origin) -> Iterator[None]:
    """Say where the writes inside come from: set once, where a request comes in."""
    before = _origin.set(source)
    try:
        yield
    finally:
        _origin.reset(before)


def add_token(token: str) -> None:
    """Say which token the rest of this request is authorised by."""
    _origin.set(replace(origin(), token=token))


def record(
    act: str,
    subject: models.Model | None = None,
    *,
    user: AbstractBaseUser | None = None,
    username: str = "",
    reason: str = "",
    detail: dict[str, Any] | None = None,
) -> None:
    """Write an entry. `act` is `noun.verb`, such as `tree.save`; `detail` says what changed, and holds no secret.

    `username` is for those who are no user, such as a stranger who tries a name.
    """
    _entry(act, subject, user=user, username=username, reason=reason, detail=detail).save(force_insert=True)


def record_each(
    act: str,
    subjects: Iterable[models.Model],
    *,
    user: AbstractBaseUser | None = None,
    reason: str = "",
    detail: dict[str, Any] | None = None,
) -> None:
    """Write an entry for each of many subjects, in one statement."""
    AuditEntry.objects.bulk_create(
        _entry(act, subject, user=user, reason=reason, detail=detail) for subject in subjects
    )


def _entry(
    act: str,
    subject: models.Model | None,
    *,
    user: AbstractBaseUser | None = None,
    username: str = "",
    reason: str = "",
    detail: dict[str, Any] | None = None,
) -> AuditEntry:
    source = origin()
    facts = detail or {}
    if find_problem(facts) is not None:
        facts = {"note": "the details can't be stored as JSON"}
    return AuditEntry(
        user_id=user.pk if user else None,
        username=user.get_username() if user else storable_text(username, 150)[:150],
        via=source.via,
        token=source.token,
        address=source.address,
        act=act,
        subject_type=subject._meta.model_name or "" if subject is not None else "",
        subject_id=str(subject.pk)[:64] if subject is not None else "",
        subject=str(subject)[:255] if subject is not None else "",
        reason=storable_text(reason, 2000),
        detail=facts,
    )
