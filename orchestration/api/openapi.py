"""The schema of the API, completed with what all operations have in common: errors, and examples."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from .examples import example_of
from .schemas import ErrorAnswer

Json = dict[str, Any]

_METHODS: Final = frozenset({"get", "post", "put", "patch", "delete"})
_ANSWER: Final = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}}}
_WORDS: Final = {
    "400": "A parameter can't be read, or the body is not strict JSON",
    "401": "Nobody is signed in, or the token is not valid",
    "403": "You may not do this, or the CSRF token is missing",
    "404": "There is no such thing, or it is not shared with you",
    "409": "It is not in a state for this, or somebody has saved it in the meantime",
    "413": "The body is too large",
    "415": "The body is not application/json",
    "422": "What was sent is not valid; `problems` says what",
    "428": "If-Match is missing",
    "503": "The database does not answer",
}


class DocumentedApi(NinjaAPI):
    """Names operations after their views, and builds its schema once."""

    _built: OpenAPISchema | None = None

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """Return the view's name."""
        return str(operation.view_func.__name__)

    def get_openapi_schema(self, *, path_prefix: str | None = None, path_params: Json | None = None) -> OpenAPISchema:
        """Return the whole schema; it does not change while the process lives."""
        if self._built is None:
            schema = super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params)
            _complete(schema)
            self._built = schema
        return self._built


def schema_text(api: NinjaAPI) -> str:
    """Return the schema as it is kept in docs/openapi.json: the same bytes for the same code."""
    return json.dumps(api.get_openapi_schema(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def operations(schema: Json) -> Iterator[tuple[str, str, Json]]:
    """Yield path, method and operation of all operations."""
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            if method in _METHODS:
                yield path, method, operation


def _complete(schema: Json) -> None:
    components = schema["components"]["schemas"]
    error = ErrorAnswer.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
    components.update(error.pop("$defs"))
    components["ErrorAnswer"] = error
    for _path, method, operation in operations(schema):
        responses = {str(status): answer for status, answer in operation["responses"].items()}
        for status in _errors_of(method, operation):
            responses.setdefault(status, {"description": _WORDS[status], "content": _ANSWER})
        operation["responses"] = dict(sorted(responses.items()))
        for media in _media(operation):
            example = example_of(media["schema"], components)
            media.setdefault("example", example)


def _errors_of(method: str, operation: Json) -> list[str]:
    parameters = operation.get("parameters", ())
    places = {parameter["in"] for parameter in parameters}
    statuses = {"400", "401", "403", "503"}
    if "path" in places:
        statuses.add("404")
    if "requestBody" in operation:
        statuses |= {"413", "415", "422"}
    if method != "get" and "path" in places:
        statuses.add("409")
    if any(parameter["name"] == "If-Match" for parameter in parameters):
        statuses |= {"409", "422", "428"}
    return sorted(statuses)


def _media(operation: Json) -> Iterator[Json]:
    """Yield what has a JSON form: the body, and the answers that are no errors."""
    yield from (media for media in operation.get("requestBody", {}).get("content", {}).values() if "schema" in media)
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            yield from (media for media in answer.get("content", {}).values() if "schema" in media)
