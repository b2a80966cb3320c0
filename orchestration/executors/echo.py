"""`echo`: returns its inputs."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from apflow import BaseTask, executor_register

from .support.envelope import completed


class EchoInputs(BaseModel):
    """What `echo` takes: anything."""

    model_config = ConfigDict(extra="allow")


class EchoResult(BaseModel):
    """What `echo` returns: its inputs."""

    model_config = ConfigDict(extra="allow")


@executor_register()
class Echo(BaseTask):
    """Returns its inputs as its result, those from dependencies included. Good for trying out a tree."""

    id = "echo"
    name = "Echo"
    tags = ["testing"]
    examples = [{"message": "hello"}, {"message": "Hello, {{ params.name }}"}]
    inputs_schema = EchoInputs
    outputs_schema = EchoResult

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Return the inputs."""
        return completed(dict(inputs))

    def get_demo_result(self, task: Any = None, inputs: dict[str, Any] | None = None) -> Any:
        """Return the inputs here too."""
        return completed(dict(inputs or {"message": "hello"}))
