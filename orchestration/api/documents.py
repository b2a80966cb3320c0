"""The portable document as the schema of the API describes it. The engine's validator is what reads it."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import WithJsonSchema

from orchestration.engine.definition import FORMAT, FORMAT_VERSION, MAX_NAME_CHARS, MAX_TASKS, PRIORITIES
from orchestration.engine.retry import BACKOFFS

_NAME: Final = {"type": "string", "minLength": 1, "maxLength": MAX_NAME_CHARS}
_SECONDS: Final = {"anyOf": [{"type": "number", "minimum": 0.001, "maximum": 31_536_000}, {"type": "null"}]}
_OBJECT: Final = {"type": "object", "additionalProperties": True}
_NULLABLE_OBJECT: Final = {"anyOf": [_OBJECT, {"type": "null"}]}
_EDGE: Final = {
    "type": "object",
    "required": ["id"],
    "additionalProperties": False,
    "properties": {"id": _NAME, "required": {"type": "boolean"}},
}
_RETRY: Final = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "max_attempts": {"type": "integer", "minimum": 1, "maximum": 100},
        "backoff": {"type": "string", "enum": sorted(BACKOFFS)},
        "base_seconds": {"type": "number", "minimum": 0, "maximum": 86_400},
        "cap_seconds": {"type": "number", "minimum": 0, "maximum": 86_400},
        "jitter": {"type": "number", "minimum": 0, "maximum": 1},
    },
}
_TASK_FIELDS: Final[dict[str, Any]] = {
    "id": {**_NAME, "description": "unique in the tree; made up when it is missing"},
    "name": _NAME,
    "executor": {"anyOf": [{"type": "string", "maxLength": MAX_NAME_CHARS}, {"type": "null"}]},
    "inputs": _OBJECT,
    "priority": {"type": "integer", "minimum": PRIORITIES[0], "maximum": PRIORITIES[-1]},
    "parent_id": {"anyOf": [_NAME, {"type": "null"}], "description": "organises; orders nothing"},
    "dependencies": {"type": "array", "items": _EDGE},
    "params": _OBJECT,
    "schemas": _OBJECT,
    "timeout_seconds": _SECONDS,
    "retry": _RETRY,
    "enabled": {"type": "boolean"},
    "pinned": {"anyOf": [{"type": "object", "required": ["result"]}, {"type": "null"}]},
    "position": _NULLABLE_OBJECT,
    "notes": {"type": "string", "maxLength": 20_000},
}
_TASK_EXAMPLE: Final = {"id": "fetch", "name": "Fetch", "executor": "echo", "inputs": {"day": "{{ params.day }}"}}
_NEXT_EXAMPLE: Final = {
    **{"id": "load", "name": "Load", "executor": "echo", "priority": 1},
    "dependencies": [{"id": "fetch", "required": True}],
}
_TASK: Final = {
    "type": "object",
    "title": "Task",
    "required": ["name"],
    "additionalProperties": False,
    "properties": _TASK_FIELDS,
    "examples": [_TASK_EXAMPLE],
}
_FIELDS_OF_TASK: Final = {
    "type": "object",
    "title": "Fields of a task",
    "additionalProperties": False,
    "properties": {key: part for key, part in _TASK_FIELDS.items() if key not in ("id", "dependencies")},
    "examples": [{"priority": 0, "enabled": False}],
}
_TREE: Final = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": _NAME,
        "description": {"type": "string", "maxLength": 10_000},
        "tags": {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 50}},
        "parameters": {**_NULLABLE_OBJECT, "description": "a JSON Schema of a run's parameters"},
        "max_concurrency": {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 10_000}, {"type": "null"}]},
        "timeout_seconds": _SECONDS,
    },
}
_DOCUMENT: Final = {
    "type": "object",
    "title": "Tree document",
    "description": "See docs/reference/tree-document.md.",
    "required": ["format", "version", "tasks"],
    "additionalProperties": False,
    "properties": {
        "format": {"type": "string", "const": FORMAT},
        "version": {"type": "integer", "const": FORMAT_VERSION},
        "tree": _TREE,
        "tasks": {"type": "array", "maxItems": MAX_TASKS, "items": _TASK},
    },
    "examples": [
        {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "tree": {"name": "Nightly import"},
            "tasks": [_TASK_EXAMPLE, _NEXT_EXAMPLE],
        }
    ],
}
_EMPTY_TREE: Final = {
    "type": "object",
    "title": "Name of an empty tree",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {"name": _NAME},
}
_ARRAY: Final = {
    "type": "array",
    "title": "apflow's task array",
    "items": {"type": "object", "required": ["name"], "additionalProperties": True},
}

TaskDocument = Annotated[dict[str, Any], WithJsonSchema(_TASK)]
TaskFields = Annotated[dict[str, Any], WithJsonSchema(_FIELDS_OF_TASK)]
TreeDocument = Annotated[dict[str, Any], WithJsonSchema(_DOCUMENT)]
NewTree = Annotated[dict[str, Any], WithJsonSchema({"anyOf": [_DOCUMENT, _EMPTY_TREE]})]
ImportDocument = Annotated[dict[str, Any] | list[Any], WithJsonSchema({"anyOf": [_DOCUMENT, _ARRAY]})]
#: Whatever it is, the answer says what is wrong with it.
AnyDocument = Annotated[Any, WithJsonSchema({"title": "Any JSON", "examples": _DOCUMENT["examples"]})]


def empty_document(name: object) -> dict[str, Any]:
    """Return the document of a tree without tasks."""
    return {"format": FORMAT, "version": FORMAT_VERSION, "tree": {"name": name}, "tasks": []}
