"""What is done with a tree as a whole: copy it, go back to a version, archive, delete, share, give away."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from orchestration.engine.errors import InvalidDefinitionError, OrchestrationError, Problem
from orchestration.engine.registry import default_registry
from orchestration.engine.validation import read_tree
from orchestration.models import Backfill, IncomingWebhook, Run, Schedule, Task, Tree, TreeVersion

from . import audit
from .trees import consistent_spec, create_tree, lock_tree, save_definition


class VersionNotFoundError(OrchestrationError):
    """The tree has no such version."""


def copy_tree(tree: Tree, user: AbstractBaseUser, name: str) -> Tree:
    """Store a copy that belongs to `user`. The tasks keep their ids and remember where they come from.

    The copy of a tree that not everyone sees is private: who copies it must not open it to others by that alone.
    """
    spec = replace(consistent_spec(tree), name=name)
    with transaction.atomic():
        copy = create_tree(spec, user=user, message=f"Copied from {tree.name}", act="tree.copy")
        Task.objects.filter(tree=copy).update(origin=Task.Origin.COPY, source_uid=F("uid"))
        if tree.visibility != Tree.Visibility.EVERYONE:
            copy.visibility = Tree.Visibility.PRIVATE
            copy.save(update_fields=["visibility"])
    return copy


def restore_version(
    tree: Tree,
    number: int,
    user: AbstractBaseUser | None = None,
    *,
    message: str = "",
    expected_version: int | None = None,
) -> TreeVersion:
    """Make an earlier definition the present one, as a new version.

    Raises VersionNotFoundError, VersionConflictError, and InvalidDefinitionError when it can't be read any more.
    """
    version = tree.versions.filter(number=number).first()
    if version is None:
        raise VersionNotFoundError(f"The tree has no version {number}")
    spec = read_tree(version.definition, default_registry, tree.name)
    said = message or f"Version {number} restored"
    return save_definition(tree, spec, user=user, message=said, expected_version=expected_version, act="tree.restore")


def archive_tree(tree: Tree, user: AbstractBaseUser | None = None, archived: bool = True) -> None:
    """Put a tree into the archive, or take it out; what is so already stays as it is."""
    with transaction.atomic():
        lock_tree(tree)
        tree.refresh_from_db(fields=["archived_at"])
        if (tree.archived_at is not None) == archived:
            return
        tree.archived_at = timezone.now() if archived else None
        tree.save(update_fields=["archived_at", "updated_at"])
        audit.record("tree.archive" if archived else "tree.unarchive", tree, user=user)


def lock_for_deletion(trees: Iterable[UUID]) -> None:
    """Keep others from starting runs of trees, and from changing them, until the transaction ends.

    What starts runs locks itself first, and the tree when it commits: so it comes before the trees here. Their runs
    come last, but before what refers to those: whoever deletes runs locks them first.
    """
    pks = list(trees)
    for rows in (
        Schedule.objects.filter(tree__in=pks),
        Backfill.objects.filter(schedule__tree__in=pks),
        IncomingWebhook.objects.filter(tree__in=pks),
        Tree.objects.filter(pk__in=pks),
    ):
        list(rows.order_by("pk").select_for_update(of=("self",)).values_list("pk"))
    list(Run.objects.filter(tree__in=pks).order_by("pk").select_for_update(of=("self",), no_key=True).values_list("pk"))


def delete_tree(tree: Tree, user: AbstractBaseUser | None = None, reason: str = "") -> None:
    """Delete a tree with its versions. Its runs stay, those that go on too: each has its own copy of the tasks."""
    with transaction.atomic():
        lock_for_deletion([tree.pk])
        lock_tree(tree)
        delete_locked_tree(tree, user, reason)


def delete_locked_tree(tree: Tree, user: AbstractBaseUser | None = None, reason: str = "") -> None:
    """Delete a tree that was read under `lock_for_deletion`; see `delete_tree`."""
    with transaction.atomic():
        detail = {"version": tree.version, "tasks": tree.tasks.count(), "runs_kept": tree.runs.count()}
        audit.record("tree.delete", tree, user=user, reason=reason, detail=detail)
        Tree.objects.filter(pk=tree.pk).delete()


def share_tree(tree: Tree, visibility: str, groups: Iterable[Group] = (), user: AbstractBaseUser | None = None) -> None:
    """Say who sees a tree; `groups` count when `visibility` is `groups`. Raises InvalidDefinitionError."""
    chosen = sorted(groups, key=lambda group: group.name)
    problems = _sharing_problems(visibility, chosen)
    if problems:
        raise InvalidDefinitionError(problems)
    with transaction.atomic():
        lock_tree(tree)
        tree.refresh_from_db(fields=["visibility"])
        before = _sharing(tree)
        tree.visibility = visibility
        tree.save(update_fields=["visibility", "updated_at"])
        tree.shared_with.set(chosen)
        if _sharing(tree) != before:
            audit.record("tree.share", tree, user=user, detail={"before": before, "after": _sharing(tree)})


def give_tree(tree: Tree, new_owner: User, user: AbstractBaseUser | None = None) -> None:
    """Make somebody else the owner. Raises InvalidDefinitionError for who can't sign in."""
    if not new_owner.is_active:
        raise InvalidDefinitionError([Problem("$.owner", f"{new_owner.get_username()} is deactivated")])
    with transaction.atomic():
        lock_tree(tree)
        tree.refresh_from_db(fields=["owner"])
        before = tree.owner
        if before == new_owner:
            return
        tree.owner = new_owner
        tree.save(update_fields=["owner", "updated_at"])
        names = {"before": before.get_username() if before else None, "after": new_owner.get_username()}
        audit.record("tree.give", tree, user=user, detail=names)


def _sharing_problems(visibility: str, groups: list[Group]) -> list[Problem]:
    if visibility not in Tree.Visibility.values:
        return [Problem("$.visibility", f"must be one of {', '.join(Tree.Visibility.values)}")]
    if visibility == Tree.Visibility.GROUPS and not groups:
        return [Problem("$.shared_with", "names no group; name one, or choose another visibility")]
    return []


def _sharing(tree: Tree) -> dict[str, Any]:
    groups = tree.shared_with.order_by("name").values_list("name", flat=True)
    return {"visibility": tree.visibility, "groups": list(groups)}
