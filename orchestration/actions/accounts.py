"""Acts on accounts: what somebody does with their own."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction

from . import audit


def change_password(user: User, password: str) -> None:
    """Give somebody a new password, which has been validated. It ends all their sessions but one that is renewed."""
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        audit.record("user.password", user, user=user)
