"""A provider of single sign-on that says what a test wants: true, tampered, late, or nothing at all."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT = "apflow"
SECRET = "a client's secret"
KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
#: A key of which the provider knows nothing.
FOREIGN_KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})


@dataclass
class FalseProvider:
    """What it answers. `claims` are those of the ID token besides the plain ones; None takes one away."""

    issuer: str = ""
    nonce: str = ""
    challenge: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    user_info: dict[str, Any] | None = None
    key: RSAKey = field(default_factory=lambda: KEY)
    algorithm: str = "RS256"
    metadata: dict[str, Any] = field(default_factory=dict)
    broken: str = ""
    asked: list[str] = field(default_factory=list)

    def visit(self, address: str) -> str:
        """Do what a browser does that is sent here: remember what the site asks for, and return its state."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert query["response_type"] == "code" and query["code_challenge_method"] == "S256"
        self.nonce, self.challenge = query["nonce"], query["code_challenge"]
        return query["state"]

    def answer(self, path: str, form: dict[str, str]) -> tuple[int, bytes]:
        """Answer a request of the site."""
        self.asked.append(path)
        if self.broken and self.broken in path:
            return 500, b"out of order"
        if path == "/huge":
            return 200, b"[" + b" " * 2_000_000
        answers: dict[str, Any] = {
            "/.well-known/openid-configuration": self._configuration,
            "/keys": lambda: {"keys": [KEY.as_dict(private=False)]},
            "/token": lambda: self._token(form),
            "/userinfo": lambda: self.user_info,
        }
        found = answers[path]()
        return (400 if "error" in found else 200), json.dumps(found).encode()

    def _configuration(self) -> dict[str, Any]:
        plain = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/leave",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
        }
        if self.user_info is not None:
            plain["userinfo_endpoint"] = f"{self.issuer}/userinfo"
        return plain | self.metadata

    def _token(self, form: dict[str, str]) -> dict[str, Any]:
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if _encoded(digest) != self.challenge or form.get("code") != "good":
            return {"error": "invalid_grant"}
        now = int(time.time())
        plain = {"iss": self.issuer, "aud": CLIENT, "sub": "4711", "iat": now, "exp": now + 300, "nonce": self.nonce}
        claims = {name: value for name, value in (plain | self.claims).items() if value is not None}
        return {"access_token": "access", "token_type": "Bearer", "id_token": self._signed(claims)}

    def _signed(self, claims: dict[str, Any]) -> str:
        if self.algorithm not in ("none", "HS256"):
            return jwt.encode({"alg": self.algorithm, "kid": "one"}, claims, self.key, algorithms=[self.algorithm])
        # No library writes these two: a token that nobody signed, and the public key taken for a shared secret.
        text = ".".join(_encoded(json.dumps(part).encode()) for part in ({"alg": self.algorithm, "kid": "one"}, claims))
        if self.algorithm == "none":
            return f"{text}."
        return f"{text}.{_encoded(hmac.digest(KEY.as_pem(private=False), text.encode(), 'sha256'))}"


def _encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


@contextmanager
def false_provider() -> Iterator[FalseProvider]:
    """Serve one on a port of its own."""
    provider = FalseProvider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send({})

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._send({name: values[0] for name, values in parse_qs(text).items()})

        def _send(self, form: dict[str, str]) -> None:
            status, body = provider.answer(self.path, form)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
