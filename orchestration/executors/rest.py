"""`rest_executor`: calls an HTTP API."""

from __future__ import annotations

import base64
import time
from typing import Annotated, Any, Literal

import httpx
from pydantic import BaseModel, Field, field_validator, model_validator

from apflow import BaseTask, current_config, executor_register

from .support.envelope import InvalidInputsError, completed, failed, read_inputs
from .support.exchange import (
    OWN_HEADERS,
    Scalar,
    as_text,
    header_name_problem,
    header_value_problem,
    read_body,
    refused_answer,
)
from .support.http import Answer, FetchError, FetchOptions, InvalidRequestError, fetch, shown_url


class Auth(BaseModel):
    """Credentials. Put secrets in as `{{ secrets.NAME }}`."""

    type: Literal["bearer", "basic", "apikey"] = Field(description="The kind of credentials")
    token: str | None = Field(None, description="bearer: the token")
    username: str | None = Field(None, description="basic: the user")
    password: str | None = Field(None, description="basic: the password")
    key: str = Field("X-API-Key", description="apikey: the name of the header or query field")
    value: str | None = Field(None, description="apikey: the key itself")
    location: Literal["header", "query"] = Field("header", description="apikey: where the key goes")

    @model_validator(mode="after")
    def _is_complete(self) -> Auth:
        needed = {"bearer": "token", "basic": "username", "apikey": "value"}[self.type]
        if not {"token": self.token, "username": self.username, "value": self.value}[needed]:
            raise ValueError(f"authentication of type {self.type} needs {needed!r}")
        return self

    def add_to(self, headers: dict[str, str], params: list[tuple[str, str]]) -> None:
        """Put the credentials into a request's headers or query."""
        if self.type == "bearer":
            headers["Authorization"] = f"Bearer {self.token}"
        elif self.type == "basic":
            pair = f"{self.username}:{self.password or ''}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode('ascii')}"
        elif self.location == "header":
            headers[self.key] = self.value or ""
        else:
            params.append((self.key, self.value or ""))

    @property
    def query_name(self) -> str | None:
        """The query field that holds the key, where it is in the query."""
        return self.key if self.type == "apikey" and self.location == "query" else None


class RestInputs(BaseModel):
    """What `rest_executor` takes."""

    url: str = Field(description="The address, with http:// or https://", min_length=1, max_length=8192)
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] = Field(
        "GET", description="The HTTP method"
    )
    headers: dict[str, Scalar] = Field(default_factory=dict, description="Request headers")
    params: dict[str, Scalar | list[Scalar] | None] = Field(
        default_factory=dict, description="Query fields, added to those in the URL"
    )
    json_body: Any = Field(None, alias="json", description="A body that is sent as JSON")
    data: dict[str, Scalar] | str | None = Field(None, description="A body: form fields, or text as it is")
    auth: Auth | None = Field(None, description="Credentials")
    timeout: Annotated[float, Field(gt=0, le=3600)] = Field(
        30.0, description="Seconds for everything, redirects included"
    )
    verify: bool = Field(True, description="Check the server's certificate")
    follow_redirects: bool = Field(True, description="Follow redirects (each is checked like the first URL)")
    fail_on_status: bool = Field(True, description="Fail on an answer that is not 2xx")
    ok_statuses: list[Annotated[int, Field(ge=100, le=599)]] = Field(
        default_factory=list, description="Further status codes that count as success"
    )

    @field_validator("method", mode="before")
    @classmethod
    def _upper_case(cls, method: object) -> object:
        return method.upper() if isinstance(method, str) else method

    @field_validator("url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        if not url.lower().startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return url

    @field_validator("headers")
    @classmethod
    def _are_own_headers(cls, headers: dict[str, Scalar]) -> dict[str, Scalar]:
        for name, value in headers.items():
            problem = header_name_problem(name) or header_value_problem(str(value))
            if problem is not None:
                raise ValueError(f"{name[:60]!r} {problem}")
        return headers

    @model_validator(mode="after")
    def _has_one_body(self) -> RestInputs:
        if self.json_body is not None and self.data is not None:
            raise ValueError("give 'json' or 'data', not both")
        return self


class RestResult(BaseModel):
    """What `rest_executor` returns: one of `json`, `text` and `base64` holds the body."""

    success: bool = Field(description="Whether the status code counts as success")
    status_code: int = Field(description="The HTTP status code")
    url: str = Field(description="Where the answer came from, without credentials")
    method: str = Field(description="The method that was sent")
    headers: dict[str, str] = Field(description="The answer's headers")
    json_body: Any = Field(None, alias="json", description="The body, when it is JSON")
    text: str | None = Field(None, description="The body, when it is other text")
    base64: str | None = Field(None, description="The body, when it is no text")


@executor_register()
class RestExecutor(BaseTask):
    """Calls an HTTP API and returns its answer.

    An answer that is not 2xx fails the task; so do time-outs and broken connections, which can be retried.
    Private, loopback and other non-public addresses are refused unless an administrator allows the host.
    Takes nothing from the results of dependencies by itself: name what you want, as in
    `{{ tasks['Fetch'].result.json.id }}`.
    """

    id = "rest_executor"
    name = "HTTP request"
    tags = ["http", "network"]
    requires = ["httpx"]
    examples = [
        {"url": "https://api.example.org/users/42"},
        {
            "url": "https://api.example.org/orders",
            "method": "POST",
            "json": {"item": "book", "count": 1},
            "auth": {"type": "bearer", "token": "{{ secrets.API_TOKEN }}"},
        },
    ]
    inputs_schema = RestInputs
    outputs_schema = RestResult
    # An answer's keys (`url`, `headers`, `json`, …) are names of inputs too; merged in, they would be sent on.
    dependency_inputs = "by_id"

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Send the request."""
        try:
            wanted = read_inputs(RestInputs, inputs)
            request = build_request(wanted)
        except (InvalidInputsError, InvalidRequestError) as error:
            return failed(str(error), error.error_type)
        where = f"{request.method} {_shown(request.url, wanted)}"
        self.report_progress(0.1, f"Waiting for {request.url.host}")
        started = time.monotonic()
        try:
            answer = await fetch(request, _options(wanted))
        except FetchError as error:
            return failed(f"{where}: {error}", error.error_type, retryable=error.retryable)
        self.log.info(
            "%s %s: %d in %.2f s", request.method, request.url.host, answer.status_code, time.monotonic() - started
        )
        return _judge(answer, wanted, where)

    def get_demo_result(self, task: Any = None, inputs: dict[str, Any] | None = None) -> Any:
        """Return an answer as an API would give it."""
        given = inputs or {}
        return {
            "success": True,
            "status_code": 200,
            "url": given.get("url", "https://api.example.org/users/42"),
            "method": given.get("method", "GET"),
            "headers": {"content-type": "application/json"},
            "json": {"id": 42, "name": "Ada"},
        }


def build_request(wanted: RestInputs) -> httpx.Request:
    """Make the request that the inputs describe. Raises InvalidRequestError."""
    headers = OWN_HEADERS | {name: as_text(value) for name, value in wanted.headers.items()}
    params = _query(wanted.params)
    if wanted.auth is not None:
        wanted.auth.add_to(headers, params)
    form = {name: as_text(value) for name, value in wanted.data.items()} if isinstance(wanted.data, dict) else None
    try:
        url = httpx.URL(wanted.url)
        return httpx.Request(
            wanted.method,
            url.copy_with(params=[*url.params.multi_items(), *params]) if params else url,
            headers=headers,
            json=wanted.json_body,
            data=form,
            content=wanted.data if isinstance(wanted.data, str) else None,
        )
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise InvalidRequestError(f"the request can't be made: {error}") from error


def _query(params: dict[str, Scalar | list[Scalar] | None]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for name, value in params.items():
        values = value if isinstance(value, list) else [] if value is None else [value]
        pairs.extend((name, as_text(item)) for item in values)
    return pairs


def _options(wanted: RestInputs) -> FetchOptions:
    config = current_config()
    return FetchOptions(
        timeout_seconds=wanted.timeout,
        verify=wanted.verify,
        follow_redirects=wanted.follow_redirects,
        max_bytes=config.max_result_bytes,
        allowed_hosts=config.http_allowed_hosts,
    )


def _shown(url: httpx.URL, wanted: RestInputs) -> str:
    name = wanted.auth.query_name if wanted.auth else None
    return shown_url(url, () if name is None else (name,))


def _judge(answer: Answer, wanted: RestInputs, where: str) -> dict[str, Any]:
    success = 200 <= answer.status_code < 300 or answer.status_code in wanted.ok_statuses
    result = {
        "success": success,
        "status_code": answer.status_code,
        "url": _shown(answer.url, wanted),
        "method": wanted.method,
        "headers": dict(answer.headers),
        **read_body(answer),
    }
    if success or not wanted.fail_on_status:
        return completed(result)
    return refused_answer(answer, where, result)
