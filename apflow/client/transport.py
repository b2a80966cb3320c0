"""Requests to the server: who asks, what is tried again, and errors as exceptions."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import quote, urlsplit

import httpx

from .address import is_loopback, server_address
from .answers import content_of, raise_for_error
from .errors import ClientError, NoAnswerError
from .patience import Backoff, Patience

_PREFIX: Final = "/api/v1"
#: Seconds that an answer may take; lists and documents come faster.
_TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0)

Query = Mapping[str, str | int | bool | list[str] | None]


class Bearer(httpx.Auth):
    """Puts the token on each request, and shows it nowhere else."""

    def __init__(self, token: str) -> None:
        self._value = f"Bearer {token}"

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the header."""
        request.headers["Authorization"] = self._value
        yield request


class Transport:
    """One server, asked by one holder of a token.

    `patience_seconds` bounds the pauses between tries of one request; `sleep` is how a pause is made.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        insecure: bool = False,
        patience_seconds: float = 8.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url = server_address(url, insecure=insecure)
        self.sleep = sleep
        self._patience_seconds = patience_seconds
        _refuse_odd_token(token)
        self._http = httpx.Client(
            auth=Bearer(token),
            headers={"Accept": "application/json", "User-Agent": "apflow-client"},
            timeout=_TIMEOUT,
            # A proxy of the environment has no business between this machine and itself.
            trust_env=not is_loopback(urlsplit(self.url).hostname or ""),
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, path: str, query: Query | None = None) -> Any:
        """Return the JSON of a GET, which is tried again while the server is away."""
        return self.ask("GET", path, query=query, repeatable=True)

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = False,
    ) -> Any:
        """Return the JSON of an answer, None when it has no body.

        Only what is `repeatable` is sent again after it may have arrived. Raises ClientError.
        """
        request = self._request(method, path, query, body, headers)
        patience = Patience(self._patience_seconds, Backoff())
        while True:
            try:
                return content_of(self._send(request))
            except ClientError as error:
                pause = patience.pause(getattr(error, "retry_after", 0.0)) if repeatable and error.is_passing else None
                if pause is None:
                    raise
                self.sleep(pause)

    @contextmanager
    def stream(self, path: str, query: Query, *, silence_seconds: float) -> Iterator[httpx.Response]:
        """Open an event stream; its reads fail when nothing comes for `silence_seconds`. Raises ClientError."""
        request = self._request("GET", path, query, None, {"Accept": "text/event-stream", "Cache-Control": "no-store"})
        request.extensions["timeout"] = httpx.Timeout(silence_seconds, connect=10.0).as_dict()
        response = self._send(request, stream=True)
        try:
            if response.is_error:
                response.read()
            raise_for_error(response)
            yield response
        except httpx.TransportError as error:
            raise self._no_answer(error) from error
        finally:
            response.close()

    def _request(
        self, method: str, path: str, query: Query | None, body: Any, headers: Mapping[str, str] | None
    ) -> httpx.Request:
        return self._http.build_request(
            method,
            f"{self.url}{_PREFIX}{path}",
            params={key: value for key, value in (query or {}).items() if value is not None},
            content=None if body is None else json.dumps(body, ensure_ascii=False, allow_nan=False).encode(),
            headers={**({} if body is None else {"Content-Type": "application/json"}), **(headers or {})},
        )

    def _send(self, request: httpx.Request, *, stream: bool = False) -> httpx.Response:
        try:
            return self._http.send(request, stream=stream)
        except httpx.TransportError as error:
            raise self._no_answer(error) from error

    def _no_answer(self, error: httpx.TransportError) -> NoAnswerError:
        if isinstance(error, httpx.ConnectError):
            hint = "See whether it runs, and whether the address is right."
            return NoAnswerError(f"No server answers at {self.url} ({error}).", hint)
        if isinstance(error, httpx.TimeoutException):
            return NoAnswerError(f"The server at {self.url} took too long to answer.")
        return NoAnswerError(f"The connection to {self.url} broke ({error or type(error).__name__}).")


def segment(text: str) -> str:
    """Return a text as one segment of a path, whatever characters it has."""
    return quote(text, safe="")


def _refuse_odd_token(token: str) -> None:
    """Such a token could not be a header; httpx would say so with the token in its message."""
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ClientError("That is not a token: it is empty, or has characters that no token has.")
