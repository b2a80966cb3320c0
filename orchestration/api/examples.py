"""Examples of bodies and answers, put together from the examples and the types of their parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Schema = Mapping[str, Any]

_BY_FORMAT: Final = {
    "uuid": "3f0c0f4e-3b8a-4bb2-9a53-0c4be4f6a3b1",
    "date-time": "2026-03-01T12:00:00Z",
    "uri": "https://example.org",
}
_BY_TYPE: Final[dict[str, Any]] = {"boolean": True, "string": "", "null": None, "number": 1.5}


def example_of(schema: Schema, components: Mapping[str, Schema]) -> Any:
    """Return a value that fits a schema: the example it gives, or one made of its parts."""
    if "$ref" in schema:
        return example_of(components[schema["$ref"].rpartition("/")[2]], components)
    if schema.get("examples"):
        return schema["examples"][0]
    for key in ("example", "default", "const"):
        if key in schema:
            return schema[key]
    if "enum" in schema:
        return schema["enum"][0]
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return example_of(schema[key][0], components)
    return _by_type(schema, components)


def _by_type(schema: Schema, components: Mapping[str, Schema]) -> Any:
    kind = schema.get("type")
    if kind == "object":
        return {name: example_of(part, components) for name, part in schema.get("properties", {}).items()}
    if kind == "array":
        return [example_of(schema["items"], components)] if "items" in schema else []
    if kind == "integer":
        return schema.get("minimum", 1)
    return _BY_FORMAT.get(schema.get("format", "")) or _BY_TYPE.get(str(kind))
