"""The shape in which every built-in executor answers, and the reading of its inputs."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

M = TypeVar("M", bound=BaseModel)


class InvalidInputsError(ValueError):
    """The inputs don't fit; the text names each field and what it should be."""

    error_type = "validation_error"
    retryable = False


def read_inputs(model: type[M], inputs: dict[str, Any]) -> M:
    """Return the inputs as a model, or raise InvalidInputsError naming each bad field."""
    try:
        return model.model_validate(inputs)
    except ValidationError as error:
        problems = [
            f"{_field(item['loc'])}: {item['msg'].removeprefix('Value error, ')}"
            for item in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        raise InvalidInputsError("; ".join(problems)) from None


def _field(location: tuple[int | str, ...]) -> str:
    return ".".join(["inputs", *map(str, location)])


def completed(result: Any) -> dict[str, Any]:
    """Build the answer of an executor that did its work."""
    return {"status": "completed", "result": result}


def failed(error: str, error_type: str, *, retryable: bool = False, result: Any = None) -> dict[str, Any]:
    """Build the answer of an executor that failed; `error` is for people, `error_type` for programs."""
    answer: dict[str, Any] = {"status": "failed", "error": error, "error_type": error_type, "retryable": retryable}
    return answer if result is None else {**answer, "result": result}
