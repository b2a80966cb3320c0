"""Filters of the list of runs that people keep: save, change, forget. They are their owner's alone."""

from __future__ import annotations

from typing import Final

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import User
from django.db import transaction

from orchestration.engine.errors import InvalidDefinitionError, Problem
from orchestration.models import RunView

#: Views that one person may keep.
MAX_VIEWS: Final = 100


def save_view(user: AbstractBaseUser, name: str, query: str, *, is_default: bool = False) -> RunView:
    """Keep a new view. Raises InvalidDefinitionError: a name that is in use, or too many views."""
    return _store(RunView(user_id=user.pk, name=name.strip(), query=query, is_default=is_default))


def change_view(
    view: RunView, *, name: str | None = None, query: str | None = None, is_default: bool | None = None
) -> RunView:
    """Change what is given. Raises InvalidDefinitionError: a name that is in use."""
    view.name = view.name if name is None else name.strip()
    view.query = view.query if query is None else query
    view.is_default = view.is_default if is_default is None else is_default
    return _store(view)


def _store(view: RunView) -> RunView:
    with transaction.atomic():
        # One at a time for each person, or two at once could pass the limit or both be the default.
        User.objects.select_for_update().get(pk=view.user_id)
        others = RunView.objects.filter(user=view.user_id).exclude(pk=view.pk)
        problems = _problems(view, list(others.values_list("name", flat=True)))
        if problems:
            raise InvalidDefinitionError(problems)
        if view.is_default:
            others.update(is_default=False)
        view.save()
    return view


def _problems(view: RunView, others: list[str]) -> list[Problem]:
    if not view.name:
        return [Problem("$.name", "must not be empty")]
    if view.name in others:
        return [Problem("$.name", "is the name of another view of yours")]
    if len(others) >= MAX_VIEWS:
        return [Problem("$", f"nobody has more than {MAX_VIEWS} views; delete one first")]
    return []
