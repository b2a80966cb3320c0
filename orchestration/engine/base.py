"""`BaseTask`: what an executor author subclasses."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Protocol

from pydantic import BaseModel

from .binding import Secrets

Schema = type[BaseModel] | dict[str, Any] | None


class AttemptContext(Protocol):
    """What a running executor may ask and tell; the engine hands one to each instance."""

    @property
    def task_id(self) -> str:
        """The task's id."""

    @property
    def run_id(self) -> str:
        """The run's id."""

    @property
    def attempt(self) -> int:
        """The number of the attempt, from 1."""

    def report_progress(self, share: float, message: str) -> None:
        """Take over the newest progress."""

    def is_cancelled(self) -> bool:
        """Tell whether the attempt was asked to stop."""


class BaseTask:
    """The base of every executor.

    A subclass has an `execute(inputs)`, plain or `async`, that returns a JSON-storable value. An instance is made for
    each attempt, without arguments, so that it can be made and called in a test just the same.

    Example::

        @executor_register()
        class Greeter(BaseTask):
            \"\"\"Greets somebody.\"\"\"

            async def execute(self, inputs):
                return {"status": "completed", "result": f"Hello, {inputs['name']}"}
    """

    #: The executor's id; where it is empty, registration takes the class's name in snake_case.
    id: ClassVar[str] = ""
    #: The name shown to people; the id when empty.
    name: ClassVar[str] = ""
    #: One paragraph for people; the class's docstring when empty.
    description: ClassVar[str] = ""
    tags: ClassVar[list[str]] = []
    #: The executor's own version, shown in the catalogue.
    version: ClassVar[str] = ""
    #: Packages it needs, by the names that pip knows; the catalogue says which are installed.
    requires: ClassVar[list[str]] = []
    #: Example inputs for the catalogue.
    examples: ClassVar[list[Any]] = []
    #: A pydantic model or a JSON Schema that inputs must match before `execute` is called.
    inputs_schema: ClassVar[Any] = None
    #: The same for what `execute` returns (its `result`, where it returns the envelope).
    outputs_schema: ClassVar[Any] = None
    #: Whether `cancel()` does something.
    cancelable: ClassVar[bool] = False
    #: False: never run again after the worker was lost in the middle of an attempt.
    idempotent: ClassVar[bool] = True
    #: Where `execute` runs: in a lane of the worker, or in a child process that can be killed and limited.
    isolation: ClassVar[Literal["lane", "process"]] = "lane"
    #: With `isolation = "process"`: megabytes that an attempt may take beyond what its process starts with.
    memory_mb: ClassVar[int | None] = None
    #: Secrets that it needs whatever its inputs say; an attempt finds those that it was granted in `self.secrets`.
    secret_names: ClassVar[frozenset[str]] = frozenset()
    #: How results of dependencies arrive: merged key by key, or each under the id of its task.
    dependency_inputs: ClassVar[Literal["merge", "by_id"]] = "merge"

    def __init__(self, inputs: Mapping[str, Any] | None = None, **params: Any) -> None:
        self.inputs: dict[str, Any] = dict(inputs or {})
        self.params: dict[str, Any] = params
        self.context: AttemptContext | None = None
        self.secrets: Mapping[str, str] = Secrets({})
        self.log: logging.Logger = logging.getLogger(f"apflow.executor.{type(self).id or type(self).__name__}")

    def execute(self, inputs: dict[str, Any]) -> Any:
        """Do the work and return a JSON-storable value. Subclasses override it, plain or `async`.

        Returning `{"status": "failed", "error": …, "error_type": …, "retryable": bool}` fails the task; raising does
        so too.
        """
        raise ExecuteMissing(f"The executor {type(self).__name__} has no execute() method yet; write one")

    def cancel(self) -> Any:
        """Stop the work of a running `execute`; called from another thread than it, only when `cancelable`."""
        return None

    def report_progress(self, share: float, message: str = "") -> None:
        """Tell how far the work is: `share` from 0 to 1, and a short text. Outside a run it does nothing."""
        if self.context is not None:
            self.context.report_progress(share, message)

    def is_cancelled(self) -> bool:
        """Tell whether this attempt was asked to stop; long loops of a plain `execute` should look at it."""
        return self.context is not None and self.context.is_cancelled()

    @property
    def type(self) -> str:
        """The executor's id."""
        return type(self).id

    @property
    def task_id(self) -> str | None:
        """The id of the task that this instance runs for; None outside a run."""
        return self.context.task_id if self.context else None

    @classmethod
    def get_input_schema(cls) -> dict[str, Any]:
        """Return the JSON Schema of the inputs; `{}` when the executor declares none."""
        return schema_as_json(cls.inputs_schema)

    @classmethod
    def get_output_schema(cls) -> dict[str, Any]:
        """Return the JSON Schema of the result; `{}` when the executor declares none."""
        return schema_as_json(cls.outputs_schema)

    def get_demo_result(self, task: Any = None, inputs: dict[str, Any] | None = None) -> Any:
        """Return what a demonstration shows in place of a real result."""
        return {"result": "Demo execution result", "demo_mode": True}


class ExecuteMissing(TypeError):
    """An executor was run that has no `execute` method."""

    error_type = "executor_incomplete"
    retryable = False


def schema_as_json(schema: Schema) -> dict[str, Any]:
    """Return a pydantic model's or a dict's JSON Schema; `{}` for None."""
    if schema is None:
        return {}
    if isinstance(schema, dict):
        return schema
    return schema.model_json_schema()
