"""An HTTP executor as people write it down: what it asks, and what it makes of the answer. Plain data, no code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from orchestration.engine.json_values import JSONValue

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
#: Sending one of these twice is the same as sending it once, says HTTP.
IDEMPOTENT_METHODS: Final = frozenset({"GET", "HEAD", "PUT", "DELETE"})
#: What is sent as a body: nothing, JSON, the fields of a form, or text as it is.
BODY_KINDS: Final = ("none", "json", "form", "text")
#: Seconds.
MAX_TIMEOUT: Final = 3600.0

_RANGE: Final = re.compile(r"(?P<kind>[1-5])xx\Z|(?P<low>[1-5]\d\d)(?:\s*-\s*(?P<high>[1-5]\d\d))?\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class HttpDefinition:
    """One HTTP executor. `{{ }}` expressions may stand in `url`, `query`, `headers` and `body`; they see `inputs`,
    `secrets`, `run.id`, `task.id` and `task.attempt`. Those in `result` see `status`, `headers`, `body` and `inputs`.

    `idempotent` None means: as its method is. `result` None keeps the whole answer. `success` are status codes.
    """

    id: str
    method: str
    url: str
    name: str = ""
    description: str = ""
    query: dict[str, JSONValue] = field(default_factory=dict)
    headers: dict[str, JSONValue] = field(default_factory=dict)
    body_kind: str = "none"
    body: JSONValue = None
    input_schema: dict[str, JSONValue] = field(default_factory=dict)
    result: JSONValue = None
    success: str = "2xx"
    timeout_seconds: float = 30.0
    idempotent: bool | None = None
    examples: list[JSONValue] = field(default_factory=list)
    version: int = 1

    @property
    def is_idempotent(self) -> bool:
        """Tell whether it may be sent again when nobody knows what became of it."""
        return self.method in IDEMPOTENT_METHODS if self.idempotent is None else self.idempotent

    @property
    def sent(self) -> dict[str, JSONValue]:
        """Return all that may hold expressions of the request, by field."""
        return {"url": self.url, "query": self.query, "headers": self.headers, "body": self.body}

    @property
    def default_inputs(self) -> dict[str, JSONValue]:
        """Return every input that its schema names, with its default there, or null."""
        properties = self.input_schema.get("properties")
        if not isinstance(properties, dict):
            return {}
        return {name: part.get("default") if isinstance(part, dict) else None for name, part in properties.items()}

    @property
    def takes_any(self) -> bool:
        """Tell whether its schema says that inputs may have other names than those that it lists."""
        return bool(self.input_schema.get("patternProperties") or self.input_schema.get("additionalProperties"))

    def own(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the inputs that it knows, filled up: what comes along from other tasks is not to be sent on."""
        given = inputs if self.takes_any else {name: inputs[name] for name in self.default_inputs if name in inputs}
        return self.default_inputs | dict(given)

    @property
    def runtime_schema(self) -> dict[str, JSONValue]:
        """Return its schema for the inputs of an attempt, in which results of other tasks lie beside its own."""
        closed = ("additionalProperties", "unevaluatedProperties")
        return {key: part for key, part in self.input_schema.items() if not (key in closed and part is False)}


def is_success(success: str, status: int) -> bool:
    """Tell whether a status code is among those of a text such as `2xx, 404, 300-302`."""
    return any(low <= status <= high for low, high in status_ranges(success))


def status_ranges(success: str) -> list[tuple[int, int]]:
    """Read a text such as `2xx, 404, 300-302`. Raises ValueError naming what can't be read."""
    ranges = []
    for part in filter(None, map(str.strip, success.split(","))):
        match = _RANGE.match(part)
        if match is None:
            raise ValueError(f"{part[:20]!r} is no status code; write them as in 2xx, 404, 300-302")
        low = int(match["low"] or f"{match['kind']}00")
        high = int(match["high"] or (match["low"] or f"{match['kind']}99"))
        if high < low:
            raise ValueError(f"{part!r} ends before it begins")
        ranges.append((low, high))
    if not ranges:
        raise ValueError("names no status code; write them as in 2xx, 404, 300-302")
    return ranges
