"""The built-in roles: Django groups, and what each may do. Scopes of tokens are the same four steps.

Everybody who is signed in may look at what is shared with them; every further permission comes from a role. `migrate`
makes the groups and gives them what they lack; who wants other rights makes a group of their own.
"""

from __future__ import annotations

from typing import Any, Final

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db.models import Q

#: Models that people with a role may look at in the admin.
_SEEN: Final = (
    *("tree", "treeversion", "task", "dependency", "run", "taskrun", "taskattempt", "tasklog", "runevent"),
    *("worker", "executorconfig"),
)
_VIEWER: Final = frozenset(f"view_{model}" for model in _SEEN)
_OPERATOR: Final = _VIEWER | {"add_run", "change_run", "view_schedule", "view_schedulefire"}
_EDITOR: Final = _OPERATOR | {
    *(f"{verb}_{model}" for verb in ("add", "change", "delete") for model in ("tree", "task", "dependency")),
    "delete_run",
}

#: What each role holds of this app's permissions, by codename. `admin` (None) holds all of them.
ROLE_PERMISSIONS: Final[dict[str, frozenset[str] | None]] = {
    "viewer": _VIEWER,
    "operator": _OPERATOR,
    "editor": _EDITOR,
    "admin": None,
}

#: What a token of each scope may use of its owner's permissions.
SCOPE_PERMISSIONS: Final[dict[str, frozenset[str] | None]] = {
    "read": _VIEWER,
    "run": _OPERATOR,
    "edit": _EDITOR,
    "admin": None,
}

#: The apps whose permissions the admin role holds as a whole: ours, and users and groups.
_ADMINISTERED: Final = ("orchestration", "auth")


def make_roles(**_: Any) -> None:
    """Make the groups of the roles, and give them the permissions that they lack; a receiver of `post_migrate`."""
    if not installed.is_installed("django.contrib.auth"):
        return
    # The permissions themselves are made by a receiver too, which may come later.
    for label in _ADMINISTERED:
        create_permissions(installed.get_app_config(label), verbosity=0)
    group_model, permission_model = installed.get_model("auth", "Group"), installed.get_model("auth", "Permission")
    for role, codenames in ROLE_PERMISSIONS.items():
        group, _created = group_model.objects.get_or_create(name=role)
        wanted = Q(content_type__app_label="orchestration")
        wanted = (
            Q(content_type__app_label__in=_ADMINISTERED) if codenames is None else wanted & Q(codename__in=codenames)
        )
        group.permissions.add(*permission_model.objects.filter(wanted))
