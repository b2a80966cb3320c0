"""Errors of the engine. Where a class takes no text of its own, its docstring is the message."""

from __future__ import annotations

from dataclasses import dataclass


class OrchestrationError(Exception):
    """Something in the orchestration went wrong."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (self.__doc__ or "").strip())


class NotReadyError(OrchestrationError):
    """Django is not set up yet: set DJANGO_SETTINGS_MODULE=apflow_site.settings and call django.setup() first."""


class ExecutorNotFoundError(OrchestrationError):
    """No executor of this id is registered."""


class ExecutorConfigurationError(OrchestrationError):
    """An executor was declared in a way that can't work."""


class TaskNotFoundError(OrchestrationError):
    """There is no such task."""


class RunNotFoundError(OrchestrationError):
    """There is no such run."""


class BindingError(OrchestrationError):
    """A `{{ }}` expression in a task's inputs could not be resolved."""


class InputsInvalidError(OrchestrationError):
    """A task's resolved inputs do not match its executor's input schema."""


class NotPossibleError(OrchestrationError):
    """What was asked makes no sense here and now; the message says why, and what to do instead."""


class VersionConflictError(OrchestrationError):
    """The tree (or another `what`) was saved by somebody else in the meantime: load it again, then save."""

    def __init__(self, current: int, expected: int, what: str = "tree") -> None:
        self.current = current
        self.expected = expected
        super().__init__(f"The {what} is at version {current}, not {expected}: somebody has saved it in the meantime")


class NotStorableError(OrchestrationError):
    """A value can't be stored as strict JSON."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a document, and where.

    `path` is a JSON path such as `$.tasks[3].priority`.
    """

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class InvalidDefinitionError(OrchestrationError):
    """A tree definition was refused; `problems` lists everything that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))
