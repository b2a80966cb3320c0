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
    view = RunView(user_id=user.pk, name=name.strip(), query=query, is_default=is_default)
    with transaction.atomic():
        _one_at_a_time(view)
        _make_room(view)
        view.save()
    return view


def change_view(
    view: RunView, *, name: str | None = None, query: str | None = None, is_default: bool | None = None
) -> RunView:
    """Change what is given, and return the view as it is now.

    Raises InvalidDefinitionError: a name that is in use; and RunView.DoesNotExist.
    """
    asked = {"name": None if name is None else name.strip(), "query": query, "is_default": is_default}
    given = {field: value for field, value in asked.items() if value is not None}
    with transaction.atomic():
        _one_at_a_time(view)
        # A view is forgotten without that turn.
        now = RunView.objects.select_for_update().get(pk=view.pk)
        for field, value in given.items():
            setattr(now, field, value)
        _make_room(now)
        now.save(update_fields=list(given))
    return now


def _one_at_a_time(view: RunView) -> None:
    """Keep out others who write views of the same person, or two at once could pass the limit or both be the default.

    Raises User.DoesNotExist.
    """
    User.objects.select_for_update().get(pk=view.user_id)


def _make_room(view: RunView) -> None:
    """Raise InvalidDefinitionError when a view can't be beside the others; they are not the default if it is."""
    others = RunView.objects.filter(user=view.user_id).exclude(pk=view.pk)
    problems = _problems(view, list(others.values_list("name", flat=True)))
    if problems:
        raise InvalidDefinitionError(problems)
    if view.is_default:
        others.filter(is_default=True).update(is_default=False)


def _problems(view: RunView, others: list[str]) -> list[Problem]:
    if not view.name:
        return [Problem("$.name", "must not be empty")]
    if view.name in others:
        return [Problem("$.name", "is the name of another view of yours")]
    if len(others) >= MAX_VIEWS:
        return [Problem("$", f"nobody has more than {MAX_VIEWS} views; delete one first")]
    return []
