"""Signatures of webhooks, as the Standard Webhooks specification has them (https://www.standardwebhooks.com).

What is signed is `ID.TIMESTAMP.BODY`, with HMAC-SHA256; a signature is `v1,` and the base64 of it. Several, separated
by spaces, are sent while a secret is being replaced: one of them is enough.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from typing import Final

PREFIX: Final = "whsec_"
_VERSION: Final = "v1,"
_SECRET_BYTES: Final = 32


class SigningSecretError(ValueError):
    """A signing secret is `whsec_` and base64, or base64 alone."""


def new_signing_secret() -> str:
    """Return a new secret of 256 random bits."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def signing_key(secret: str) -> bytes:
    """Return the bytes that a secret stands for. Raises SigningSecretError."""
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SigningSecretError(f"a signing secret is {PREFIX} and base64 behind it") from error


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return one signature. Raises SigningSecretError."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return _VERSION + base64.b64encode(hmac.digest(signing_key(secret), signed, "sha256")).decode()


def is_signed(secret: str, message_id: str, timestamp: int, body: bytes, signatures: str) -> bool:
    """Tell whether one of the signatures is right, in a time that does not tell how nearly."""
    expected = sign(secret, message_id, timestamp, body).encode()
    return any(hmac.compare_digest(expected, signature.encode()) for signature in signatures.split(" "))
