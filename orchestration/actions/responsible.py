"""Whether somebody may still run a tree: what starts runs by itself does so with a person's rights."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import User

from orchestration.models import Tree


def why_not_responsible(tree: Tree, user: AbstractBaseUser | None) -> str | None:
    """Say why somebody may not run a tree, as the rest of a sentence about the responsible person; None if they may."""
    if not isinstance(user, User):
        return "is nobody"
    if not user.is_active:
        return f"{user.get_username()} is not active any more"
    if not user.has_perm("orchestration.add_run") or not Tree.objects.visible_to(user).filter(pk=tree.pk).exists():
        return f"{user.get_username()} may not run this tree any more"
    return None
