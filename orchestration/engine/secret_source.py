"""Where the values of `{{ secrets.NAME }}` come from: asked once for each attempt that names any."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from .errors import OrchestrationError


class SecretsAwayError(OrchestrationError):
    """The secrets can't be read at the moment; the attempt may be repeated."""


class SecretUnreadableError(OrchestrationError):
    """A secret was encrypted with a key that this process does not have."""


@dataclass(frozen=True, slots=True)
class SecretWish:
    """Which secrets an attempt names, and by what it may have been granted them."""

    names: frozenset[str]
    executor: str
    tree_id: str | None
    run_id: str
    task_id: str


#: Returns the values of the secrets that are there and granted, by name. It blocks, and is called in a thread. Raises
#: SecretsAwayError and SecretUnreadableError.
SecretSource: TypeAlias = Callable[[SecretWish], Mapping[str, str]]


def no_secrets(wish: SecretWish) -> Mapping[str, str]:
    """Know none."""
    return {}
