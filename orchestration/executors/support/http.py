"""The one HTTP client for executors that fetch what somebody else named.

A URL in a task's inputs may come from anybody who may edit a tree, or from an answer of a foreign server. So this
client resolves each host itself, refuses addresses that aren't public, connects to exactly the address that it
checked (a second answer of the name server can't move it), and does all of that again at every redirect. Proxies of
the environment are ignored, because a proxy would resolve the name once more.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Final

import httpx

from orchestration.engine.secret_names import query_field_sounds_secret

from .addresses import blocked_kind, is_allowed

MAX_REDIRECTS: Final = 10
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
#: Headers that go along to another origin; everything else may be a credential.
_HEADERS_FOR_STRANGERS: Final = frozenset(
    {"accept", "accept-encoding", "accept-language", "content-length", "content-type", "host", "user-agent"}
)

# httpx logs every URL at INFO, query and all, and a query may hold a secret.
logging.getLogger("httpx").setLevel(logging.WARNING)

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


class FetchError(Exception):
    """A request that got no usable answer."""

    error_type: ClassVar[str] = "connection_error"
    retryable: ClassVar[bool] = False


class InvalidRequestError(FetchError):
    """The request can't be made; its URL or a header is wrong."""

    error_type = "validation_error"


class BlockedAddressError(FetchError):
    """The host leads to an address that tasks may not reach."""

    error_type = "blocked_address"


class UnreachableError(FetchError):
    """The host can't be found, doesn't accept connections, or broke the connection off."""

    retryable = True


class CertificateError(FetchError):
    """The server's certificate can't be trusted."""

    error_type = "certificate_error"


class FetchTimeoutError(FetchError):
    """No complete answer came in time."""

    error_type = "timeout"
    retryable = True


class TooManyRedirectsError(FetchError):
    """The server sends its clients around in circles."""

    error_type = "too_many_redirects"


class AnswerError(FetchError):
    """The answer is larger than allowed, or packed in a way that can't be read."""

    error_type = "unusable_answer"


@dataclass(frozen=True, slots=True)
class FetchOptions:
    """How to fetch: `timeout_seconds` covers everything from name look-up to the last byte of the last redirect.

    `cut` keeps the first `max_bytes` of a longer answer instead of refusing it.
    """

    timeout_seconds: float = 30.0
    verify: bool = True
    follow_redirects: bool = True
    max_bytes: int = 16 * 1024 * 1024
    cut: bool = False
    allowed_hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer. `url` is where it came from after all redirects; `body` is unpacked."""

    status_code: int
    reason: str
    url: httpx.URL
    headers: httpx.Headers
    body: bytes
    encoding: str


def shown_url(url: httpx.URL, secret_names: Sequence[str] = ()) -> str:
    """Return a URL for people: no user and password, and no values of query fields that sound secret."""
    bare = url.copy_with(username=None, password=None)
    if not bare.query:
        return str(bare)
    pairs = [
        (name, "***" if name in secret_names or query_field_sounds_secret(name) else value)
        for name, value in bare.params.multi_items()
    ]
    if pairs == bare.params.multi_items():
        return str(bare)
    return str(bare.copy_with(params=pairs)).replace("%2A%2A%2A", "***")


async def resolve_host(host: str, port: int) -> list[str]:
    """Return the addresses of a host, in the order in which the system would try them. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class GuardedTransport(httpx.AsyncBaseTransport):
    """Sends each request to an address that was checked, under the name that was asked for."""

    def __init__(
        self, inner: httpx.AsyncBaseTransport, allowed_hosts: Sequence[str] = (), resolve: Resolve = resolve_host
    ) -> None:
        self._inner = inner
        self._allowed_hosts = allowed_hosts
        self._resolve = resolve

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Check, pin and send. Raises BlockedAddressError, InvalidRequestError, UnreachableError, httpx errors."""
        refusal: httpx.ConnectError | None = None
        for address in await self._checked_addresses(request.url):
            try:
                return await self._inner.handle_async_request(_pinned(request, address))
            except httpx.ConnectError as error:
                refusal = error
        raise refusal or UnreachableError(f"{_host(request.url)} has no address")

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()

    async def _checked_addresses(self, url: httpx.URL) -> Sequence[str]:
        host = _host(url)
        if url.scheme not in _DEFAULT_PORTS or not host:
            raise InvalidRequestError(f"the URL must start with http:// or https://, not {url.scheme[:20]}:")
        port = url.port or _DEFAULT_PORTS[url.scheme]
        if port > 65_535:
            raise InvalidRequestError(f"the port {port} doesn't exist; ports end at 65535")
        try:
            addresses = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise UnreachableError(f"the host {host} can't be found: {error}") from error
        if not is_allowed(host, port, self._allowed_hosts):
            _refuse_blocked(host, port, addresses)
        return addresses


def _refuse_blocked(host: str, port: int, addresses: Sequence[str]) -> None:
    # One bad address among good ones is reason enough: an honest public host has none.
    for address in addresses:
        kind = blocked_kind(address)
        if kind is not None:
            name = f"[{host}]" if ":" in host else host
            raise BlockedAddressError(
                f"{name} leads to a {kind} address, which tasks may not reach; "
                f"an administrator can allow it with APFLOW_HTTP_ALLOWED_HOSTS={name}:{port}"
            )


def _host(url: httpx.URL) -> str:
    return url.raw_host.decode("ascii")


def _pinned(request: httpx.Request, address: str) -> httpx.Request:
    """Return the request with the address in the URL; the Host header and TLS keep the name."""
    return httpx.Request(
        method=request.method,
        url=request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": _host(request.url)},
    )


@lru_cache(maxsize=2)
def _tls(verify: bool) -> ssl.SSLContext:
    """Loading the certificate authorities takes many milliseconds: once is enough."""
    return httpx.create_ssl_context(verify=verify)


def guarded_client(options: FetchOptions) -> httpx.AsyncClient:
    """Return a client whose every request goes through the guard. It follows no redirects by itself."""
    # A kept connection to one address must never serve another name at that address, whose certificate wasn't checked.
    limits = httpx.Limits(max_keepalive_connections=0)
    inner = httpx.AsyncHTTPTransport(verify=_tls(options.verify), limits=limits, trust_env=False)
    transport = GuardedTransport(inner, options.allowed_hosts)
    return httpx.AsyncClient(transport=transport, trust_env=False, timeout=None, follow_redirects=False)  # noqa: S113 - fetch has one deadline for all


async def fetch(request: httpx.Request, options: FetchOptions) -> Answer:
    """Send a request and return the complete answer, whatever its status code. Raises FetchError."""
    try:
        async with asyncio.timeout(options.timeout_seconds), guarded_client(options) as client:
            return await _follow(client, request, options)
    except TimeoutError as error:
        raise FetchTimeoutError(f"no complete answer within {options.timeout_seconds:g} s") from error
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError, UnicodeError) as error:
        raise InvalidRequestError(f"the request can't be sent: {_text(error)}") from error
    except httpx.DecodingError as error:
        raise AnswerError(f"the answer can't be unpacked: {_text(error)}") from error
    except httpx.HTTPError as error:
        if _is_certificate_error(error):
            raise CertificateError(f"the server's certificate can't be trusted: {_text(error)}") from error
        raise UnreachableError(f"the connection failed: {_text(error)}") from error


async def _follow(client: httpx.AsyncClient, request: httpx.Request, options: FetchOptions) -> Answer:
    for _ in range(MAX_REDIRECTS + 1):
        response = await client.send(request, stream=True)
        try:
            following = response.next_request if options.follow_redirects else None
            if following is None:
                return await _read(response, options)
        finally:
            await response.aclose()
        request = _for_next_origin(following, request.url)
    raise TooManyRedirectsError(f"more than {MAX_REDIRECTS} redirects, the last one to {shown_url(request.url)}")


def _for_next_origin(request: httpx.Request, came_from: httpx.URL) -> httpx.Request:
    if _origin(request.url) != _origin(came_from):
        for name in list(request.headers):
            if name.lower() not in _HEADERS_FOR_STRANGERS:
                del request.headers[name]
    return request


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, _host(url).lower(), url.port or _DEFAULT_PORTS.get(url.scheme)


async def _read(response: httpx.Response, options: FetchOptions) -> Answer:
    # Each layer can blow up a thousandfold what lies in it.
    if "," in response.headers.get("content-encoding", ""):
        raise AnswerError("the answer is compressed more than once, which is not accepted")
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_bytes():
        size += len(part)
        parts.append(part)
        if size > options.max_bytes:
            if options.cut:
                break
            raise AnswerError(f"the answer has more than the {options.max_bytes:,} bytes that are allowed")
    return Answer(
        status_code=response.status_code,
        reason=response.reason_phrase,
        url=response.url,
        headers=response.headers,
        body=b"".join(parts)[: options.max_bytes],
        encoding=response.charset_encoding or "utf-8",
    )


def _text(error: BaseException) -> str:
    """Many of httpx's errors have no text of their own."""
    return str(error).strip() or type(error).__name__


def _is_certificate_error(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
