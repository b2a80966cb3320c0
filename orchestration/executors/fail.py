"""`fail`: fails on purpose."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from apflow import BaseTask, executor_register

from .support.envelope import InvalidInputsError, completed, failed, read_inputs


class FailInputs(BaseModel):
    """What `fail` takes."""

    times: Annotated[int, Field(ge=0)] | None = Field(
        None, description="How many attempts fail before one succeeds; empty: all of them"
    )
    message: str = Field("This task fails on purpose", description="The error's text", min_length=1)
    error_type: str = Field("deliberate_failure", description="The error's type", min_length=1, max_length=255)
    retryable: bool = Field(True, description="Whether the task's retry policy applies")


class FailResult(BaseModel):
    """What `fail` returns once it succeeds."""

    attempt: int = Field(description="The attempt that succeeded, counted from 1")
    failed_attempts: int = Field(description="The attempts that failed before")


@executor_register()
class Fail(BaseTask):
    """Fails on purpose: always, or for the first attempts. Good for trying out retries and fallbacks."""

    id = "fail"
    name = "Fail on purpose"
    tags = ["testing"]
    examples = [{"message": "The disk is full"}, {"times": 2}, {"retryable": False, "error_type": "quota_exceeded"}]
    inputs_schema = FailInputs
    outputs_schema = FailResult

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Fail, unless this attempt comes after the last one that should."""
        try:
            wanted = read_inputs(FailInputs, inputs)
        except InvalidInputsError as error:
            return failed(str(error), error.error_type)
        attempt = self.context.attempt if self.context is not None else 1
        if wanted.times is None or attempt <= wanted.times:
            return failed(wanted.message, wanted.error_type, retryable=wanted.retryable)
        return completed({"attempt": attempt, "failed_attempts": attempt - 1})

    def get_demo_result(self, task: Any = None, inputs: dict[str, Any] | None = None) -> Any:
        """Return a success after two failures."""
        return {"attempt": 3, "failed_attempts": 2}
