"""What a command's argument means: a file with a tree, or a stored tree by id or name."""

from __future__ import annotations

import uuid
from pathlib import Path

from django.core.management.base import CommandError

from orchestration.actions.made_executors import refresh_executors
from orchestration.engine.definition import MAX_DOCUMENT_BYTES, TreeSpec
from orchestration.engine.errors import InvalidDefinitionError, Problem
from orchestration.engine.registry import default_registry
from orchestration.engine.validation import parse_tree
from orchestration.models import Tree

#: Exit codes of `run` and `validate`.
EXIT_COMPLETED, EXIT_FAILED, EXIT_INVALID, EXIT_CANCELLED = 0, 1, 2, 130


class InvalidTargetError(CommandError):
    """The argument names nothing that can be used; the command ends with exit code 2."""

    def __init__(self, message: str) -> None:
        super().__init__(message, returncode=EXIT_INVALID)


def read_file(path: Path) -> bytes:
    """Return a file's bytes, at most one more than a document may have. Raises InvalidTargetError."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_DOCUMENT_BYTES + 1)
    except OSError as error:
        raise InvalidTargetError(f"{path} can't be read: {error.strerror}") from error


def parse_file(path: Path) -> TreeSpec:
    """Return the tree in a file. Raises InvalidTargetError listing every problem with its JSON path.

    The database is asked only for executors that are not known without it: they may have been made in the admin.
    """
    raw = read_file(path)
    try:
        return parse_tree(raw, default_registry, path.stem)
    except InvalidDefinitionError as error:
        if any(problem.path.endswith(".executor") for problem in error.problems):
            refresh_executors(at_once=True)
    try:
        return parse_tree(raw, default_registry, path.stem)
    except InvalidDefinitionError as error:
        raise InvalidTargetError(problem_list(str(path), error.problems)) from error


def problem_list(what: str, problems: list[Problem]) -> str:
    """Return the text that lists problems, one a line."""
    count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
    return "\n".join([f"{what} is not valid, {count}:", *(f"  {problem}" for problem in problems)])


def find_tree(text: str) -> Tree:
    """Return a stored tree by its id or its name. Raises InvalidTargetError when there is none, or more than one."""
    try:
        found = list(Tree.objects.filter(pk=uuid.UUID(text)))
    except ValueError:
        found = list(Tree.objects.current().filter(name=text)[:2])
    if not found:
        raise InvalidTargetError(f"there is no file and no tree {text!r}; `manage.py export --list` shows the trees")
    if len(found) > 1:
        raise InvalidTargetError(f"several trees are named {text!r}; use the id (`manage.py export --list`)")
    return found[0]
