"""From the definition of an HTTP executor to a class that runs like any other."""

from __future__ import annotations

import re
import time
from typing import Any, ClassVar

import httpx

from apflow import BaseTask, current_config
from orchestration.engine.binding import bind, secrets_used
from orchestration.engine.errors import BindingError, NotStorableError

from .envelope import completed, failed
from .exchange import read_body, refused_answer
from .http import Answer, FetchError, FetchOptions, FetchTimeoutError, UnreachableError, fetch, shown_url
from .http_definition import HttpDefinition, is_success
from .http_rendering import render


class HttpExecutor(BaseTask):
    """The base of executors that were made in the admin. Not registered itself."""

    definition: ClassVar[HttpDefinition]
    # What another task returned is sent nowhere unasked.
    dependency_inputs = "by_id"

    @classmethod
    def get_input_schema(cls) -> dict[str, Any]:
        """Return the schema as it was written."""
        return cls.definition.input_schema

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Send the request, and make the result of the answer."""
        definition = self.definition
        try:
            request = render(definition, inputs, self._context()).as_request()
        except (BindingError, NotStorableError) as error:
            return failed(f"The request can't be made: {error}", "binding_error")
        where = f"{request.method} {shown_url(request.url)}"
        self.report_progress(0.1, f"Waiting for {request.url.host}")
        started = time.monotonic()
        try:
            answer = await fetch(request, _options(definition))
        except FetchError as error:
            return self._unanswered(error, where)
        seconds = time.monotonic() - started
        self.log.info("%s %s: %d in %.2f s", request.method, request.url.host, answer.status_code, seconds)
        return self._judge(answer, where, inputs)

    def _context(self) -> dict[str, object]:
        context = self.context
        return {
            "secrets": self.secrets,
            "run": {"id": context.run_id if context else ""},
            "task": {"id": context.task_id if context else "", "attempt": context.attempt if context else 1},
        }

    def _unanswered(self, error: FetchError, where: str) -> dict[str, Any]:
        text = f"{where}: {error}"
        if error.retryable and not self.idempotent and _may_have_arrived(error):
            text += "; the server may have done it all the same, so it is not sent again"
            return failed(text, error.error_type)
        return failed(text, error.error_type, retryable=error.retryable)

    def _judge(self, answer: Answer, where: str, inputs: dict[str, Any]) -> dict[str, Any]:
        body = read_body(answer)
        seen = {
            "status": answer.status_code,
            "headers": dict(answer.headers),
            "body": next(iter(body.values())),
        }
        if not is_success(self.definition.success, answer.status_code):
            return refused_answer(answer, where, seen)
        template = self.definition.result
        if template is None:
            return completed(seen)
        try:
            return completed(bind(template, {**seen, "inputs": self.definition.own(inputs)}, "$.result"))
        except BindingError as error:
            text = f"{where}: the answer is not what the executor expects: {error}"
            return failed(text, "answer_unexpected", result=seen)


def _may_have_arrived(error: FetchError) -> bool:
    """Tell whether the request may have reached the server. Without a connection it has not."""
    if isinstance(error, FetchTimeoutError):
        return True
    found_nobody = isinstance(error.__cause__, httpx.ConnectError | OSError | UnicodeError)
    return isinstance(error, UnreachableError) and not found_nobody


def _options(definition: HttpDefinition) -> FetchOptions:
    config = current_config()
    return FetchOptions(
        timeout_seconds=definition.timeout_seconds,
        # Elsewhere a redirect would send the body, and what is in it, to a host that nobody has written down.
        follow_redirects=definition.method in ("GET", "HEAD"),
        max_bytes=config.max_result_bytes,
        allowed_hosts=config.http_allowed_hosts,
    )


def make_class(definition: HttpDefinition) -> type[HttpExecutor]:
    """Return the class of a definition without problems."""
    words = re.findall(r"[A-Za-z0-9]+", definition.id)
    return type(
        "".join(word.capitalize() for word in words) or "Made",
        (HttpExecutor,),
        {
            "__doc__": definition.description or None,
            "__module__": HttpExecutor.__module__,
            "definition": definition,
            "id": definition.id,
            "name": definition.name,
            "description": definition.description,
            "version": str(definition.version),
            "tags": ["http", "made here"],
            "requires": ["httpx"],
            "examples": list(definition.examples),
            "inputs_schema": definition.runtime_schema,
            "idempotent": definition.is_idempotent,
            "secret_names": frozenset(secrets_used(definition.sent)),
        },
    )
