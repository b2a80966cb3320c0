"""How a request to an incoming webhook proves where it comes from, and what names it."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .errors import OrchestrationError
from .webhook_signing import SigningSecretError, is_signed

#: `standard` is that of `webhook_signing`; `github` signs the body; `token` shows the secret; `none` proves nothing.
SCHEMES: Final = ("standard", "github", "token", "none")
DEFAULT_HEADER: Final = "X-Webhook-Token"
_GITHUB_HEADER: Final = "x-hub-signature-256"
_GITHUB_PREFIX: Final = "sha256="
#: What senders name a delivery by, where the scheme itself does not.
_ID_HEADERS: Final = ("webhook-id", "idempotency-key", "x-github-delivery")
_MAX_ID_CHARS: Final = 255


class NotProvenError(OrchestrationError):
    """A request that is not signed as its webhook demands; its text is for the log, not for the sender."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What a request has to show. `header` is that of the token; `tolerance_seconds` bounds how old or early it is."""

    scheme: str
    secret: str
    header: str
    tolerance_seconds: int


def proven_key(proof: Proof, headers: Mapping[str, str], body: bytes, now: float) -> str | None:
    """Check a request and return the digest of what names it, None when nothing does. Raises NotProvenError.

    Names of headers are in small letters; `now` is seconds since 1970. Secrets are compared in constant time. What
    names a request must be signed too, where something is: else a replay would only need another name.
    """
    if proof.scheme == "standard":
        return _standard(proof, headers, body, now)
    if proof.scheme == "github":
        return _github(proof, headers, body)
    if proof.scheme == "token" and not _same(proof.secret, headers.get(proof.header.lower(), "")):
        raise NotProvenError(f"The header {proof.header} is missing or does not hold the token")
    name = next((headers[header] for header in _ID_HEADERS if headers.get(header)), None)
    return None if name is None else _digest(proof.scheme, name)


def _standard(proof: Proof, headers: Mapping[str, str], body: bytes, now: float) -> str:
    name, at, signatures = (headers.get(f"webhook-{part}", "") for part in ("id", "timestamp", "signature"))
    if not name or len(name) > _MAX_ID_CHARS or not signatures:
        raise NotProvenError("A header is missing: webhook-id, webhook-timestamp and webhook-signature are needed")
    if not (at.isascii() and at.isdigit() and len(at) <= 12):
        raise NotProvenError("The header webhook-timestamp must hold whole seconds since 1970")
    try:
        signed = is_signed(proof.secret, name, int(at), body, signatures)
    except SigningSecretError as error:
        raise NotProvenError(f"The webhook's own secret can't be used: {error}") from error
    if not signed:
        raise NotProvenError("The signature is not right")
    off = now - int(at)
    if abs(off) > proof.tolerance_seconds:
        when = "late" if off > 0 else "early"
        raise NotProvenError(
            f"The request is {abs(off):.0f} s too {when} to be believed; {proof.tolerance_seconds} s are allowed"
        )
    return _digest(proof.scheme, name)


def _github(proof: Proof, headers: Mapping[str, str], body: bytes) -> str:
    digest = hmac.digest(proof.secret.encode(), body, "sha256").hex()
    if not _same(f"{_GITHUB_PREFIX}{digest}", headers.get(_GITHUB_HEADER, "")):
        raise NotProvenError(f"The header {_GITHUB_HEADER} is missing or not right")
    # X-GitHub-Delivery is not signed: a replay could change it.
    return _digest(proof.scheme, digest)


def _same(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode("utf-8", "surrogatepass"), given.encode("utf-8", "surrogatepass"))


def _digest(scheme: str, name: str) -> str:
    return hashlib.sha256(f"{scheme}:{name}".encode("utf-8", "surrogatepass")).hexdigest()
