"""TLS over a pinned address: the name that was asked for is the one that is announced and checked."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from orchestration.executors.rest import RestExecutor
from orchestration.executors.support import http

pytestmark = pytest.mark.asyncio

NAME = "pinned.example.org"


def write_certificate(folder: Path) -> tuple[Path, Path]:
    """Write a self-signed certificate for NAME, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "certificate.pem", folder / "key.pem"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate_file, key_file


class _Quiet(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(self.headers["Host"]).encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that doesn't trust the certificate hangs up."""


@pytest.fixture
def announced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, set_config: Callable[..., None]
) -> Iterator[tuple[int, list[str | None]]]:
    """Serve TLS on the loopback, which every name leads to; yield the port and the names that clients announce."""
    certificate, key = write_certificate(tmp_path)
    names: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.sni_callback = lambda _, name, __: names.append(name)
    server = _Server(("127.0.0.1", 0), _Quiet)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, port, *rest, **more: real("127.0.0.1", port, *rest, **more))
    trusting = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(http, "_tls", lambda verify: trusting)
    set_config(http_allowed_hosts=(NAME, "other.example.org"))
    yield server.server_address[1], names
    server.shutdown()
    thread.join()
    server.server_close()


async def test_the_name_is_announced_and_checked(announced: tuple[int, list[str | None]]) -> None:
    port, names = announced
    answer = await RestExecutor().execute({"url": f"https://{NAME}:{port}/", "timeout": 5})
    assert answer["status"] == "completed"
    assert answer["result"]["text"] == f"{NAME}:{port}"
    assert names == [NAME]


async def test_a_certificate_of_another_name_is_refused(announced: tuple[int, list[str | None]]) -> None:
    port, names = announced
    answer = await RestExecutor().execute({"url": f"https://other.example.org:{port}/", "timeout": 5})
    assert (answer["status"], answer["error_type"], answer["retryable"]) == ("failed", "certificate_error", False)
    assert names == ["other.example.org"]
