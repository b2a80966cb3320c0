"""From what people type to what they mean: a tree by its name, a tree or a run by how its id begins."""

from __future__ import annotations

import itertools
import re
import uuid
from typing import TYPE_CHECKING, Final

from .documents import Run, Tree
from .errors import AmbiguousError, MissingError

if TYPE_CHECKING:
    from .client import Client

#: A run is looked for by its prefix among so many of the newest.
_RUNS_LOOKED_AT: Final = 2_000
_PREFIX: Final = re.compile(r"[0-9a-f-]{4,36}")


def tree_by_name(client: Client, text: str) -> Tree:
    """Return the tree with this id or name, or whose id begins so. Raises MissingError, AmbiguousError."""
    if _is_id(text):
        return client.tree(text)
    found = list(itertools.islice((tree for tree in client.trees(q=text) if tree["name"] == text), 2))
    if not found and _PREFIX.fullmatch(text.lower()):
        found = [tree for tree in client.trees() if tree["id"].startswith(text.lower())]
    if not found:
        raise MissingError(f"There is no tree {text!r}; `apflow trees` lists them.")
    if len(found) > 1:
        raise AmbiguousError(f"Several trees go by {text!r}; use the id, which `apflow trees` shows.")
    return client.tree(found[0]["id"])


def run_by_prefix(client: Client, text: str) -> Run:
    """Return the run whose id is, or begins with, this text. Raises MissingError, AmbiguousError."""
    if _is_id(text):
        return client.run(text)
    prefix = text.lower()
    if not _PREFIX.fullmatch(prefix):
        raise MissingError(f"{text!r} is not the id of a run, nor the first 4 or more characters of one.")
    newest = itertools.islice(client.runs(), _RUNS_LOOKED_AT)
    found = [run["id"] for run in newest if run["id"].startswith(prefix)]
    if not found:
        raise MissingError(f"There is no run {text!r} among the newest; `apflow runs` lists them.")
    if len(found) > 1:
        raise AmbiguousError(f"The ids of {len(found)} runs begin with {text!r}; use more of its characters.")
    return client.run(found[0])


def _is_id(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
