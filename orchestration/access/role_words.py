"""What somebody may do here, in words."""

from __future__ import annotations

from typing import Final

from django.contrib.auth.models import User

ROLES: Final = {
    "viewer": "Viewer: looks at trees and runs that are shared, and at workers",
    "operator": "Operator: also starts, cancels, pauses and retries runs",
    "editor": "Editor: also makes and changes trees, and deletes runs",
    "admin": "Administrator: also manages everybody's trees and runs, people, executors and tokens",
}


def roles_in_words(user: User) -> list[str]:
    """Say what somebody may do here."""
    names = sorted(group.name for group in user.groups.all())
    words = ["Superuser: may do everything"] if user.is_superuser else []
    words += [ROLES[name] for name in ROLES if name in names]
    words += [f"Member of the group {name}" for name in names if name not in ROLES]
    return words or ["No role: looks at what is shared with everyone"]
