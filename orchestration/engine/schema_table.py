"""A JSON Schema as a table that people can read: one row for each field, inner ones by their path with dots."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from .json_values import encode

#: Rows of a table, and how deep fields are followed: a schema may refer to itself.
MAX_ROWS: Final = 200
_MAX_DEPTH: Final = 4
#: What bounds a value, and how people write it.
_BOUNDS: Final = {
    "minimum": "≥ {}",
    "exclusiveMinimum": "> {}",
    "maximum": "≤ {}",
    "exclusiveMaximum": "< {}",
    "multipleOf": "multiple of {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "pattern": "matches {}",
    "format": "{}",
}


@dataclass(frozen=True, slots=True)
class SchemaField:
    """One field: `path` as in `auth.token` or `steps[].url`; `default` is JSON, None when there is none."""

    path: str
    type: str
    required: bool
    default: str | None = None
    bounds: str = ""
    description: str = ""


def schema_fields(schema: Any) -> list[SchemaField]:
    """Return the fields of an object's schema, in their order; what is no schema has none."""
    if not isinstance(schema, dict):
        return []
    rows: list[SchemaField] = []
    for row in _fields(schema, schema, "", 0):
        rows.append(row)
        if len(rows) == MAX_ROWS:
            break
    return rows


def _fields(part: dict[str, Any], root: dict[str, Any], prefix: str, depth: int) -> Iterator[SchemaField]:
    properties = part.get("properties")
    required = part.get("required")
    for name, said in (properties if isinstance(properties, dict) else {}).items():
        inner = plain_part(said, root)
        path = f"{prefix}{name}"
        yield SchemaField(
            path=path,
            type=type_words(said, root),
            required=isinstance(required, list) and name in required,
            default=encode(inner["default"]) if "default" in inner else None,
            bounds=", ".join(_bounds(inner)),
            description=str(inner.get("description", "")),
        )
        if depth < _MAX_DEPTH:
            yield from _fields(inner, root, f"{path}.", depth + 1)
            items = plain_part(inner.get("items"), root)
            yield from _fields(items, root, f"{path}[].", depth + 1)


def plain_part(said: Any, root: dict[str, Any]) -> dict[str, Any]:
    """Return a part of a schema with its reference followed, and `X or null` taken as `X`; {} for anything else."""
    part = _followed(said, root)
    choices = _choices(part, root)
    if len(choices) == 1:
        outer = {key: value for key, value in part.items() if key not in ("anyOf", "oneOf", "allOf")}
        return {**choices[0], **outer}
    return part


def _followed(said: Any, root: dict[str, Any]) -> dict[str, Any]:
    part = said if isinstance(said, dict) else {}
    for _ in range(_MAX_DEPTH):
        reference = part.get("$ref")
        if not isinstance(reference, str):
            break
        target: Any = root
        for step in reference.removeprefix("#/").split("/"):
            target = target.get(step) if isinstance(target, dict) else None
        outer = {key: value for key, value in part.items() if key != "$ref"}
        part = {**(target if isinstance(target, dict) else {}), **outer}
    return part


def _choices(part: dict[str, Any], root: dict[str, Any]) -> list[dict[str, Any]]:
    said: list[Any] = next((part[key] for key in ("anyOf", "oneOf", "allOf") if isinstance(part.get(key), list)), [])
    return [choice for choice in (_followed(each, root) for each in said) if choice.get("type") != "null"]


def type_words(said: Any, root: dict[str, Any]) -> str:
    """Return the type of a value in a few words."""
    part = _followed(said, root)
    choices = _choices(part, root)
    if choices:
        return " or ".join(dict.fromkeys(type_words(choice, root) for choice in choices))
    if "enum" in part and isinstance(part["enum"], list):
        return " | ".join(encode(value) for value in part["enum"])
    if "const" in part:
        return encode(part["const"])
    kind = part.get("type", "anything")
    if kind == "array" and "items" in part:
        return f"array of {type_words(part['items'], root)}"
    if isinstance(kind, list):
        return " or ".join(str(each) for each in kind if each != "null")
    return str(kind)


def _bounds(part: dict[str, Any]) -> Iterator[str]:
    for key, words in _BOUNDS.items():
        value = part.get(key)
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            yield words.format(value)
