"""Reading an answer: its JSON, or what its error says."""

from __future__ import annotations

import json
from typing import Any

import httpx

from .errors import ApiError, ClientError, UnexpectedAnswerError
from .patience import retry_after


def content_of(response: httpx.Response) -> Any:
    """Return the JSON of an answer, None when it has no body. Raises ClientError."""
    raise_for_error(response)
    if not response.content:
        return None
    return _json(response)


def raise_for_error(response: httpx.Response) -> None:
    """Raise the ClientError that an answer is; one that is none is left alone."""
    if response.is_redirect:
        target = response.headers.get("Location", "")
        raise UnexpectedAnswerError(f"The server sends on to {target}.", "Use that address, if you trust it.")
    if not response.is_error:
        return
    if not response.headers.get("Content-Type", "").startswith("application/json"):
        raise _foreign_error(response)
    said = _json(response)
    error = said.get("error") if isinstance(said, dict) else None
    raise ApiError(
        response.status_code,
        error if isinstance(error, dict) else {},
        retry_after(response.headers.get("Retry-After")),
    )


def _foreign_error(response: httpx.Response) -> ClientError:
    """What is not JSON was written by something in between, such as a proxy whose server is away."""
    error = ApiError(response.status_code, {}, retry_after(response.headers.get("Retry-After")))
    if error.is_passing:
        return error
    return UnexpectedAnswerError(f"The answer was {response.status_code}, and not from an apflow server.")


def _json(response: httpx.Response) -> Any:
    try:
        return json.loads(response.content)
    except ValueError as error:
        raise UnexpectedAnswerError("The answer is not JSON, so it is not from an apflow server.") from error
