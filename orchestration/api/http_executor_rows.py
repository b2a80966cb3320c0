"""Executors that are made here, as the API takes and shows them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field

from orchestration.actions.http_executors import FIELDS, Preview, named_secrets
from orchestration.engine.definition import MAX_NAME_CHARS
from orchestration.executors.support.http_definition import MAX_TIMEOUT
from orchestration.models import HttpExecutor

from .schemas import Fields, Flag, Json, Text

_EXAMPLE: Final[dict[str, Any]] = {
    "method": "POST",
    "url": "https://crm.example.org/api/people/{{ inputs.person }}/notes",
    "headers": {"Authorization": "Bearer {{ secrets.CRM_TOKEN }}"},
    "body_kind": "json",
    "body": {"text": "{{ inputs.text }}"},
    "input_schema": {
        "type": "object",
        "properties": {"person": {"type": "integer"}, "text": {"type": "string"}},
        "required": ["person", "text"],
    },
    "result": {"note": "{{ body.id }}"},
    "examples": [{"person": 42, "text": "Has called"}],
}


class HttpExecutorFields(Fields):
    """What people decide about an HTTP executor. `{{ }}` expressions are those of inputs of tasks."""

    model_config = ConfigDict(json_schema_extra={"example": {"enabled": False}})

    name: Annotated[Text, Field(max_length=MAX_NAME_CHARS)] = Field("", description="shown to people")
    description: Text = ""
    method: HttpExecutor.Method = HttpExecutor.Method.GET
    url: Text = Field(
        "",
        description="its scheme and host stand as they are; values of expressions are percent-encoded",
        examples=["https://crm.example.org/people/{{ inputs.person }}"],
    )
    query: dict[str, Any] = Field(default={}, description="further fields of the query; null leaves one out")
    headers: dict[str, Any] = Field(default={}, description="null leaves one out")
    body_kind: HttpExecutor.BodyKind = HttpExecutor.BodyKind.NONE
    body: Json = Field(None, description="JSON, an object of form fields, or a text, by body_kind")
    input_schema: dict[str, Any] = Field(default={}, description="a JSON Schema; the form of tasks is made of it")
    result: Json = Field(
        None, description="what the result is: JSON with expressions over status, headers, body and inputs; null is all"
    )
    success: Text = Field("2xx", max_length=200, description="status codes", examples=["2xx, 404"])
    timeout_seconds: Annotated[float, Field(gt=0, le=MAX_TIMEOUT)] = 30.0
    idempotent: Flag | None = Field(
        None, description="false: never sent again after its worker was lost; null: as the method is"
    )
    examples: list[dict[str, Any]] = Field(default=[], description="inputs to start from")
    enabled: Flag = True


class HttpExecutorIn(HttpExecutorFields):
    """A whole HTTP executor, to be made; it is also how one is exported."""

    model_config = ConfigDict(json_schema_extra={"example": {"id": "crm_note", "name": "Note in the CRM", **_EXAMPLE}})

    id: Text = Field(min_length=1, max_length=MAX_NAME_CHARS, description="as tasks name it; it can't be changed")
    url: Text = Field(min_length=1, description=HttpExecutorFields.model_fields["url"].description)


class HttpExecutorOut(Fields):
    """An HTTP executor. `definition` can be sent to another installation as it is."""

    id: str = Field(examples=["crm_note"])
    version: int = Field(description="one more at each change")
    enabled: bool
    created_at: datetime
    created_by: str | None = Field(description="a user name")
    updated_at: datetime
    updated_by: str | None
    secrets: dict[str, str] = Field(
        description="the secrets that it names: granted, not granted to this executor, or not made yet",
        examples=[{"CRM_TOKEN": "granted"}],
    )
    definition: HttpExecutorIn


class PreviewIn(Fields):
    """A definition, saved or not, and inputs for it."""

    definition: HttpExecutorIn
    inputs: dict[str, Any] = Field(default={}, examples=[{"person": 42, "text": "Has called"}])


class HttpRequestOut(Fields):
    """A request that is not sent. Secrets are covered."""

    method: str = Field(examples=["POST"])
    url: str = Field(examples=["https://crm.example.org/api/people/42/notes"])
    headers: dict[str, str] = Field(examples=[{"Authorization": "Bearer •••"}])
    body: str | None
    secrets: dict[str, str]


def http_executor_rows(executors: Sequence[HttpExecutor]) -> list[dict[str, Any]]:
    """Return executors as HttpExecutorOut; who made and changed them is loaded."""
    secrets = named_secrets([made.definition for made in executors])
    return [_row(made, named) for made, named in zip(executors, secrets, strict=True)]


def _row(made: HttpExecutor, secrets: dict[str, str]) -> dict[str, Any]:
    return {
        "id": made.executor,
        "version": made.version,
        "enabled": made.enabled,
        "created_at": made.created_at,
        "created_by": made.created_by.get_username() if made.created_by else None,
        "updated_at": made.updated_at,
        "updated_by": made.updated_by.get_username() if made.updated_by else None,
        "secrets": secrets,
        "definition": {"id": made.executor} | {name: getattr(made, name) for name in FIELDS},
    }


def preview_row(preview: Preview) -> dict[str, Any]:
    """Return a preview as HttpRequestOut."""
    request = preview.request
    sent = {"method": request.method, "url": request.url, "headers": request.headers, "body": request.body}
    return sent | {"secrets": preview.secrets}
