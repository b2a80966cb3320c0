"""What of a value somebody is shown."""

from __future__ import annotations

from typing import Any, TypeVar

from orchestration.engine.masking import redact

from . import rules
from .actor import Actor

V = TypeVar("V")


def shown_value(actor: Actor, value: V, *known: Any) -> V:
    """Return a JSON value as the actor may see it: without secrets, its own and those in `known`, or as it is."""
    return value if rules.may_see_values(actor) else redact(value, *known)
