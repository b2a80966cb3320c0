"""Single edits of a stored tree: each is one transaction through the one validator, and makes a new version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from orchestration.engine import edits
from orchestration.engine.definition import TaskSpec, TreeSpec
from orchestration.engine.errors import InvalidDefinitionError, Problem
from orchestration.engine.json_values import JSONValue
from orchestration.engine.registry import default_registry
from orchestration.engine.validation import read_draft
from orchestration.models import Tree

from .trees import lock_tree, save_definition, tree_spec


@dataclass(frozen=True, slots=True)
class Editor:
    """Who edits, and the version that they have seen (None: whatever is there).

    Each edit raises VersionConflictError when the tree has moved on, TaskNotFoundError for a task that is not there,
    and InvalidDefinitionError for what would leave the tree unreadable. Nothing is stored then.
    """

    user: AbstractBaseUser
    expected_version: int | None = None

    def add_task(self, tree: Tree, document: dict[str, JSONValue]) -> TaskSpec:
        """Put a task at the end of a tree, and return it with its id."""
        spec = self._edit(tree, lambda tasks: tasks.append(document), "Task added", lambda tasks: len(tasks) - 1)
        return spec.tasks[-1]

    def change_task(self, tree: Tree, uid: str, fields: dict[str, JSONValue]) -> TaskSpec:
        """Change fields of a task, and return it."""
        spec = self._edit(
            tree,
            lambda tasks: edits.change_task(tasks, uid, fields),
            f"Task {uid} changed: {', '.join(sorted(fields))}",
            lambda tasks: edits.place_of(tasks, uid),
        )
        return next(task for task in spec.tasks if task.id == uid)

    def remove_task(self, tree: Tree, uid: str, *, reconnect: bool = False) -> None:
        """Take a task out of a tree; see `engine.edits.remove_task`."""
        self._edit(tree, lambda tasks: edits.remove_task(tasks, uid, reconnect=reconnect), f"Task {uid} deleted")

    def set_dependency(self, tree: Tree, uid: str, other: str, *, required: bool) -> bool:
        """Let a task wait for another; True when it did not before."""
        new = False

        def change(tasks: edits.Tasks) -> None:
            nonlocal new
            new = edits.set_dependency(tasks, uid, other, required=required)

        self._edit(tree, change, f"Task {uid} waits for {other}")
        return new

    def remove_dependency(self, tree: Tree, uid: str, other: str) -> None:
        """Let a task wait for another no more."""
        self._edit(
            tree, lambda tasks: edits.remove_dependency(tasks, uid, other), f"Task {uid} no longer waits for {other}"
        )

    def _edit(
        self,
        tree: Tree,
        change: Callable[[edits.Tasks], Any],
        message: str,
        place: Callable[[edits.Tasks], int] | None = None,
    ) -> TreeSpec:
        """Change the stored document under a lock; `place` finds the task that problems are told relative to."""
        with transaction.atomic():
            lock_tree(tree, self.expected_version)
            tree.refresh_from_db()
            document = tree_spec(tree).as_json()
            tasks: edits.Tasks = document["tasks"]
            change(tasks)
            try:
                spec, _unfinished = read_draft(document, default_registry)
            except InvalidDefinitionError as error:
                if place is None:
                    raise
                raise _relative(error, place(tasks)) from error
            save_definition(tree, spec, user=self.user, message=message)
        return spec


def _relative(error: InvalidDefinitionError, index: int) -> InvalidDefinitionError:
    """Name the places within the task that was sent, and not within the tree, which was not."""
    prefix = f"$.tasks[{index}]"
    return InvalidDefinitionError(
        [
            Problem(f"${problem.path.removeprefix(prefix)}", problem.message)
            if problem.path.startswith(prefix)
            else problem
            for problem in error.problems
        ]
    )
