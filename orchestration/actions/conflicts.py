"""What went wrong because somebody else acted at the same moment, in words.

Rules are looked at before something is stored; the database holds them too, and refuses what broke one in between.
Foreign keys are looked at when a transaction ends, so that no act can tell of them itself.
"""

from __future__ import annotations

from typing import Final

import psycopg
from psycopg.errors import DeadlockDetected, ForeignKeyViolation, UniqueViolation

from orchestration.engine.errors import OrchestrationError

_AGAIN: Final = "; nothing was changed, look again and try once more"
_SAID: Final[dict[type[psycopg.Error], str]] = {
    UniqueViolation: "Somebody else has just stored one of the same name, or the same one",
    ForeignKeyViolation: "Something that this has to do with was deleted, or began to be used, at the same moment",
    DeadlockDetected: "Others were changing the same things at the same moment",
}


def refusal_text(error: Exception) -> str | None:
    """Say why an act was refused, by a rule or because of somebody else; None for a fault, or no database."""
    return str(error) if isinstance(error, OrchestrationError) else conflict_text(error)


def conflict_text(error: BaseException) -> str | None:
    """Say what somebody else did at the same moment; None when an error of the database comes of something else."""
    said = _SAID.get(type(error.__cause__)) if isinstance(error.__cause__, psycopg.Error) else None
    return None if said is None else said + _AGAIN
