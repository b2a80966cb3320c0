"""Saying that one has a tree open, and hearing who else has."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError
from django.db.models.functions import Now

from orchestration.models import Presence, Tree


@dataclass(frozen=True, slots=True)
class Other:
    """Somebody else who has the tree open; `editing` when one of their pages has changes that are not saved."""

    user: str
    editing: bool


def be_present(tree: Tree, user: AbstractBaseUser, page: UUID, *, editing: bool) -> list[Other]:
    """Say that a page of the user is open, and return the others, each once. Pages that are gone are forgotten.

    Raises Tree.DoesNotExist when the tree, or the user, was deleted meanwhile.
    """
    Presence.objects.gone().delete()
    try:
        Presence.objects.bulk_create(
            [Presence(tree=tree, user_id=user.pk, page=page, editing=editing, seen_at=Now())],
            update_conflicts=True,
            unique_fields=["tree", "page"],
            update_fields=["user", "editing", "seen_at"],
        )
    except IntegrityError as error:
        # Its foreign keys are all that can be wrong with the row.
        raise Tree.DoesNotExist from error
    rows = Presence.objects.there().filter(tree=tree).exclude(user_id=user.pk).values_list("user__username", "editing")
    names: dict[str, bool] = {}
    for name, edits in rows:
        names[name] = names.get(name, False) or edits
    return [Other(name, edits) for name, edits in sorted(names.items())]


def leave(tree: Tree, user: AbstractBaseUser, page: UUID) -> None:
    """Say that a page of the user was closed; one that isn't known is no error."""
    Presence.objects.filter(tree=tree, user_id=user.pk, page=page).delete()
