"""The guarded client: nothing reaches what it must not reach."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import httpx
import pytest

from orchestration.executors.rest import RestExecutor
from orchestration.executors.support import http
from orchestration.executors.support.http import BlockedAddressError, GuardedTransport, UnreachableError, shown_url

from .conftest import Reply, Site

pytestmark = pytest.mark.asyncio


@pytest.fixture
def listener6() -> Iterator[socket.socket]:
    """A listener on the IPv6 loopback."""
    try:
        sock = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("no IPv6 here")
    sock.setblocking(False)
    yield sock
    sock.close()


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "LOCALHOST",
        "0.0.0.0",
        "127.1",
        "2130706433",
        "0x7f000001",
        "[::ffff:127.0.0.1]",
        "user:secret@127.0.0.1",
        "127.0.0.1:{port}@127.0.0.1",
    ],
)
async def test_loopback_hears_nothing(site: Site, host: str) -> None:
    answer = await RestExecutor().execute({"url": f"http://{host.format(port=site.port)}:{site.port}/", "timeout": 5})
    assert answer["status"] == "failed"
    assert answer["error_type"] == "blocked_address"
    assert answer["retryable"] is False
    assert "APFLOW_HTTP_ALLOWED_HOSTS" in answer["error"]
    assert "secret" not in answer["error"]
    assert site.requests == []


@pytest.mark.parametrize("host", ["0177.0.0.1", "localhost.", "127.0.0.1.", "①②⑦.0.0.1", "0x7f.1", "[::127.0.0.1]"])
async def test_odd_spellings_of_loopback_hear_nothing(site: Site, host: str) -> None:
    """Whether the client or the system can read them differs; that they get through must not happen."""
    answer = await RestExecutor().execute({"url": f"http://{host}:{site.port}/", "timeout": 5})
    assert answer["status"] == "failed"
    assert answer["error_type"] in ("blocked_address", "connection_error", "validation_error")
    assert site.requests == []


async def test_ipv6_loopback_hears_nothing(listener6: socket.socket) -> None:
    answer = await RestExecutor().execute({"url": f"http://[::1]:{listener6.getsockname()[1]}/", "timeout": 5})
    assert answer["error_type"] == "blocked_address"
    with pytest.raises(BlockingIOError):
        listener6.accept()


@pytest.mark.parametrize("host", ["169.254.169.254", "10.0.0.1", "192.168.0.1", "100.64.0.1", "[fe80::1]", "224.0.0.1"])
async def test_private_addresses_are_refused_without_a_try(host: str) -> None:
    answer = await RestExecutor().execute({"url": f"http://{host}/latest/meta-data/", "timeout": 5})
    assert answer["error_type"] == "blocked_address"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "gopher://127.0.0.1/x", "ftp://example.org/", "//host/", "x"])
async def test_only_http(url: str) -> None:
    answer = await RestExecutor().execute({"url": url})
    assert (answer["status"], answer["error_type"]) == ("failed", "validation_error")
    assert "http://" in answer["error"]


@pytest.mark.parametrize("scheme", ["file", "gopher", "ftp"])
async def test_redirect_to_another_scheme_is_refused(site: Site, set_config: Callable[..., None], scheme: str) -> None:
    set_config(http_allowed_hosts=(f"127.0.0.1:{site.port}",))
    site.replies["/go"] = Reply(302, {"Location": f"{scheme}://127.0.0.1/etc/passwd"})
    answer = await RestExecutor().execute({"url": f"{site.origin}/go"})
    assert (answer["status"], answer["error_type"]) == ("failed", "validation_error")
    assert "http:// or https://" in answer["error"]


async def test_redirect_to_a_private_address_is_refused(
    make_site: Callable[[], Site], set_config: Callable[..., None]
) -> None:
    front, inner = make_site(), make_site()
    set_config(http_allowed_hosts=(f"127.0.0.1:{front.port}",))
    front.replies["/go"] = Reply(302, {"Location": f"{inner.origin}/admin"})
    answer = await RestExecutor().execute({"url": f"{front.origin}/go"})
    assert answer["error_type"] == "blocked_address"
    assert [seen.path for seen in front.requests] == ["/go"]
    assert inner.requests == []


async def test_allow_list_opens_exactly_one_port(
    make_site: Callable[[], Site], set_config: Callable[..., None]
) -> None:
    allowed, other = make_site(), make_site()
    set_config(http_allowed_hosts=(f"127.0.0.1:{allowed.port}",))
    good = await RestExecutor().execute({"url": allowed.origin})
    assert (good["status"], good["result"]["text"]) == ("completed", "fine")
    for url in (other.origin, f"http://localhost:{allowed.port}/"):
        refused = await RestExecutor().execute({"url": url})
        assert refused["error_type"] == "blocked_address"
    assert (len(allowed.requests), len(other.requests)) == (1, 0)


async def test_credentials_stay_at_their_origin(make_site: Callable[[], Site], set_config: Callable[..., None]) -> None:
    front, stranger = make_site(), make_site()
    set_config(http_allowed_hosts=("127.0.0.1",))
    front.replies["/go"] = Reply(307, {"Location": f"{front.origin}/on", "Set-Cookie": "sid=1"})
    front.replies["/on"] = Reply(307, {"Location": f"{stranger.origin}/end"})
    inputs = {
        "url": f"{front.origin}/go",
        "method": "POST",
        "json": {"a": 1},
        "headers": {"X-Own-Secret": "s3cret", "Cookie": "mine=1", "Accept": "application/json"},
        "auth": {"type": "bearer", "token": "t0ken"},
    }
    answer = await RestExecutor().execute(inputs)
    assert answer["status"] == "completed"
    assert answer["result"]["url"] == f"{stranger.origin}/end"
    assert [seen.headers.get("authorization") for seen in front.requests] == ["Bearer t0ken", "Bearer t0ken"]
    assert front.requests[1].headers["cookie"] == "sid=1"
    (last,) = stranger.requests
    assert (last.method, last.body) == ("POST", b'{"a":1}')
    assert last.headers["accept"] == "application/json"
    assert not {"authorization", "cookie", "x-own-secret"} & set(last.headers)


async def test_endless_redirects_end(site: Site, set_config: Callable[..., None]) -> None:
    set_config(http_allowed_hosts=("127.0.0.1",))
    site.replies["/loop"] = Reply(302, {"Location": "/loop"})
    answer = await RestExecutor().execute({"url": f"{site.origin}/loop"})
    assert answer["error_type"] == "too_many_redirects"
    assert len(site.requests) == http.MAX_REDIRECTS + 1


async def test_proxies_of_the_environment_are_ignored(
    make_site: Callable[[], Site], set_config: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    target, proxy = make_site(), make_site()
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.origin)
    set_config(http_allowed_hosts=("127.0.0.1",))
    assert (await RestExecutor().execute({"url": target.origin}))["status"] == "completed"
    assert proxy.requests == []


class Recorder(httpx.AsyncBaseTransport):
    """A network that writes down where it was sent, and can be unreachable at some addresses."""

    def __init__(self, dead: tuple[str, ...] = ()) -> None:
        self.dead = dead
        self.sent: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        if request.url.host in self.dead:
            raise httpx.ConnectError("refused")
        return httpx.Response(200)


def resolver(*answers: list[str]) -> tuple[http.Resolve, list[str]]:
    """A name server that gives one answer after the other, and what it was asked."""
    left, asked = list(answers), list[str]()

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return left.pop(0)

    return resolve, asked


async def test_rebinding_finds_no_second_look_up() -> None:
    resolve, asked = resolver(["8.8.8.8"], ["127.0.0.1"])
    network = Recorder()
    guard = GuardedTransport(network, resolve=resolve)
    await guard.handle_async_request(httpx.Request("GET", "https://rebind.example.org/x"))
    (sent,) = network.sent
    assert asked == ["rebind.example.org"]
    assert sent.url.host == "8.8.8.8"
    assert sent.headers["host"] == "rebind.example.org"
    assert sent.extensions["sni_hostname"] == "rebind.example.org"
    with pytest.raises(BlockedAddressError, match="loopback"):
        await guard.handle_async_request(httpx.Request("GET", "https://rebind.example.org/x"))
    assert len(network.sent) == 1


async def test_rebinding_through_the_system_resolver(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The socket goes to the address that was checked, though the name has moved to the loopback meanwhile."""
    asked = []
    real = socket.getaddrinfo

    def lying(host: object, port: int, *rest: object, **more: object) -> object:
        if host == "rebind.example.org":
            asked.append(host)
            # The first answer is a public address that this machine refuses at once.
            address = "255.255.255.254" if len(asked) == 1 else "127.0.0.1"
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]
        return real(host, port, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", lying)
    monkeypatch.setattr(http, "blocked_kind", lambda address: "loopback" if address.startswith("127.") else None)
    url = f"http://rebind.example.org:{site.port}/"
    answer = await RestExecutor().execute({"url": url, "timeout": 2})
    assert answer["status"] == "failed"
    assert len(asked) == 1
    assert site.requests == []


async def test_one_private_address_among_public_ones_is_enough() -> None:
    resolve, _ = resolver(["8.8.8.8", "10.0.0.1"])
    network = Recorder()
    with pytest.raises(BlockedAddressError):
        await GuardedTransport(network, resolve=resolve).handle_async_request(httpx.Request("GET", "http://a.example/"))
    assert network.sent == []


async def test_a_dead_address_is_followed_by_the_next() -> None:
    resolve, _ = resolver(["8.8.8.8", "8.8.4.4"])
    network = Recorder(dead=("8.8.8.8",))
    guard = GuardedTransport(network, resolve=resolve)
    assert (await guard.handle_async_request(httpx.Request("GET", "http://a.example/"))).status_code == 200
    assert [request.url.host for request in network.sent] == ["8.8.8.8", "8.8.4.4"]


async def test_no_address_at_all() -> None:
    resolve, _ = resolver([])
    with pytest.raises(UnreachableError):
        await GuardedTransport(Recorder(), resolve=resolve).handle_async_request(
            httpx.Request("GET", "http://a.example/")
        )


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://u:p@a.example:8443/x?page=2", "https://a.example:8443/x?page=2"),
        ("https://a.example/x?token=abc&q=1", "https://a.example/x?token=***&q=1"),
        ("https://a.example/x?api_key=abc", "https://a.example/x?api_key=***"),
        ("https://a.example/x?keyword=abc", "https://a.example/x?keyword=abc"),
    ],
)
async def test_shown_urls_keep_secrets_back(url: str, shown: str) -> None:
    assert shown_url(httpx.URL(url)) == shown
