"""An executor for the tests of the builder: its inputs are of every kind that a form has to show."""

from __future__ import annotations

from typing import Any, ClassVar

from apflow import BaseTask, executor_register

_SIDE = {
    "type": "object",
    "title": "Side",
    "properties": {
        "name": {"type": "string", "title": "Name", "minLength": 1},
        "size": {"type": "integer", "title": "Size", "minimum": 1, "maximum": 9},
    },
    "required": ["name"],
    "additionalProperties": False,
}


@executor_register(id="survey")
class Survey(BaseTask):
    """Gives back what it was asked."""

    name = "Survey"
    description = "Gives back what it was asked."
    tags: ClassVar[list[str]] = ["test"]
    inputs_schema: ClassVar[dict[str, Any]] = {
        "type": "object",
        "$defs": {"Side": _SIDE},
        "properties": {
            "topic": {"type": "string", "title": "Topic", "minLength": 3, "maxLength": 40},
            "count": {"type": "integer", "title": "Count", "minimum": 1, "maximum": 9, "default": 3},
            "share": {"type": "number", "title": "Share"},
            "mode": {"enum": ["fast", "slow"], "title": "Mode", "default": "fast"},
            "loud": {"type": "boolean", "title": "Loud", "default": False},
            "words": {"type": "array", "title": "Words", "items": {"type": "string"}},
            "rows": {"type": "array", "title": "Rows", "items": {"$ref": "#/$defs/Side"}},
            "side": {"$ref": "#/$defs/Side", "title": "Side"},
            "who": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/Side"}, {"type": "null"}], "title": "Who"},
            "day": {"type": "string", "format": "date", "title": "Day"},
            "password": {"type": "string", "format": "password", "title": "Password"},
        },
        "required": ["topic"],
        "additionalProperties": False,
    }

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Return the inputs."""
        return {"status": "completed", "result": inputs}
