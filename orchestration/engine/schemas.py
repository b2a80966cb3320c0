"""Checks of inputs and results against what an executor declares."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import jsonschema
from jsonschema.protocols import Validator
from pydantic import BaseModel, ValidationError

from .base import Schema
from .errors import InputsInvalidError, OrchestrationError, Problem
from .json_values import decode, encode, path_join


class OutputsInvalidError(OrchestrationError):
    """An executor's result does not match its output schema."""


@lru_cache(maxsize=512)
def _validator(schema_json: str) -> Validator:
    schema = decode(schema_json)
    return jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)(schema)


def _at(path: str, parts: Any) -> str:
    for part in parts:
        path = path_join(path, part)
    return path


def schema_problems(schema: Schema, value: Any, path: str) -> list[Problem]:
    """List every way in which `value` breaks a pydantic model or a JSON Schema, with the field's path."""
    if schema is None or schema == {}:
        return []
    if isinstance(schema, dict):
        errors = _validator(encode(schema)).iter_errors(value)
        return [Problem(_at(path, error.absolute_path), error.message[:500]) for error in errors]
    try:
        schema.model_validate(value)
    except ValidationError as error:
        return [Problem(_at(path, item["loc"]), item["msg"]) for item in error.errors(include_url=False)]
    return []


def check_inputs(schema: Schema, inputs: dict[str, Any]) -> dict[str, Any]:
    """Return the inputs with a model's defaults filled in, or raise InputsInvalidError naming each bad field.

    Keys that the model does not name are kept: an executor may take more than it declares.
    """
    problems = schema_problems(schema, inputs, "inputs")
    if problems:
        raise InputsInvalidError("; ".join(str(problem) for problem in problems))
    if isinstance(schema, type) and issubclass(schema, BaseModel):
        return {**inputs, **schema.model_validate(inputs).model_dump(mode="json", by_alias=True)}
    if isinstance(schema, dict):
        defaults = {
            key: part["default"]
            for key, part in schema.get("properties", {}).items()
            if isinstance(part, dict) and "default" in part
        }
        return {**defaults, **inputs}
    return inputs


def check_outputs(schema: Schema, result: Any) -> None:
    """Raise OutputsInvalidError naming each field of the result that breaks the schema."""
    problems = schema_problems(schema, result, "result")
    if problems:
        raise OutputsInvalidError("; ".join(str(problem) for problem in problems))
