"""What is said between this site and a provider of single sign-on: OpenID Connect, authorization code with PKCE.

Authlib and joserfc know the formats, the signatures and the rules of ID tokens; httpx carries the requests. Nothing is
asked of the provider before somebody wants to sign in. It may have a private address: the operator has named it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlsplit

import httpx
from authlib.common.security import generate_token
from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from orchestration.actions.sign_on import Vouched

from .sign_on_settings import SignOnSettings

#: Signatures that are taken: those that only the provider can make. Never `none`, and no shared secret.
ALGORITHMS: Final = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
)
#: Seconds that clocks may differ.
LEEWAY: Final = 60
_SECONDS: Final = 10.0
_MAX_BYTES: Final = 1024 * 1024
#: A longer ID token does not fit into an address; the provider asks then who is meant.
_HINT_CHARS: Final = 4_000

logger = logging.getLogger(__name__)


class ProviderError(Exception):
    """The provider can't be reached, or does not answer as a provider does."""


class TokenError(Exception):
    """The provider's ID token can't be trusted; the text says which rule it breaks."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a browser's way to the provider is known by when it comes back; kept in its session."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def new(cls) -> Attempt:
        """Make one of random texts."""
        return cls(generate_token(43), generate_token(43), generate_token(64))


class Provider:
    """One provider, for the length of one request; used as a context."""

    def __init__(self, configured: SignOnSettings) -> None:
        self._configured = configured
        self._client = httpx.Client(timeout=_SECONDS, follow_redirects=False, headers={"Accept": "application/json"})

    def __enter__(self) -> Provider:
        """Ask the provider where its parts are. Raises ProviderError."""
        try:
            self._metadata = self._discover()
        except BaseException:
            self._client.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._client.close()

    @property
    def end_session_endpoint(self) -> str:
        """Where somebody signs out at the provider; the empty text when it offers none."""
        return self._address("end_session_endpoint", required=False)

    def authorization_url(self, attempt: Attempt, redirect_uri: str) -> str:
        """Return where a browser is sent to sign in."""
        return str(
            prepare_grant_uri(
                self._address("authorization_endpoint"),
                self._configured.client_id,
                "code",
                redirect_uri=redirect_uri,
                scope=" ".join(self._configured.scopes),
                state=attempt.state,
                nonce=attempt.nonce,
                code_challenge=create_s256_code_challenge(attempt.verifier),  # type: ignore[no-untyped-call]
                code_challenge_method="S256",
            )
        )

    def redeem(self, code: str, attempt: Attempt, redirect_uri: str) -> tuple[Vouched, str]:
        """Return who has signed in, and the ID token that says so. Raises ProviderError and TokenError."""
        token = self._token(code, attempt, redirect_uri)
        id_token, access_token = token.get("id_token"), token.get("access_token")
        if not isinstance(id_token, str):
            raise ProviderError("It sent no ID token: the scope openid may be missing at the provider.")
        claims = self._claims(id_token, access_token, attempt.nonce)
        subject = claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= 255:
            raise TokenError("its subject is no text of 1 to 255 characters")
        more = self._user_info(access_token, subject)
        return Vouched(self._configured.issuer, subject, {**more, **claims}), id_token

    # --- requests ---------------------------------------------------------------------------------------------------

    def _discover(self) -> Mapping[str, Any]:
        issuer = self._configured.issuer
        found = self._json("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != issuer:
            raise ProviderError(f"It calls itself {found.get('issuer')!r}, but APFLOW_OIDC_ISSUER is {issuer!r}.")
        return found

    def _token(self, code: str, attempt: Attempt, redirect_uri: str) -> Mapping[str, Any]:
        client_id, secret = self._configured.client_id, self._configured.client_secret
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": attempt.verifier,
        }
        ways = self._metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        auth = None
        if not secret:
            fields["client_id"] = client_id
        elif "client_secret_basic" in ways:
            # RFC 6749, 2.3.1: both are form-encoded before they are joined.
            auth = httpx.BasicAuth(quote(client_id, safe=""), quote(secret, safe=""))
        else:
            fields |= {"client_id": client_id, "client_secret": secret}
        return self._json("POST", self._address("token_endpoint"), data=fields, auth=auth)

    def _claims(self, id_token: str, access_token: Any, nonce: str) -> dict[str, Any]:
        keys = self._json("GET", self._address("jwks_uri"))
        offered = self._metadata.get("id_token_signing_alg_values_supported", ["RS256"])
        registry = JWSRegistry(algorithms=[name for name in ALGORITHMS if name in offered], strict_check_header=False)
        options: Any = {
            "iss": {"essential": True, "value": self._configured.issuer},
            "aud": {"essential": True, "value": self._configured.client_id},
        }
        params = {"nonce": nonce, "client_id": self._configured.client_id, "access_token": access_token}
        try:
            token = jwt.decode(id_token, KeySet.import_key_set(keys), registry=registry)  # type: ignore[arg-type]
            claims = CodeIDToken(token.claims, token.header, options, params)
            claims.validate(leeway=LEEWAY)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise TokenError(str(error) or type(error).__name__) from error
        return dict(claims)

    def _user_info(self, access_token: Any, subject: str) -> Mapping[str, Any]:
        """Ask for the claims that some providers keep out of the ID token."""
        address = self._address("userinfo_endpoint", required=False)
        if not address or not isinstance(access_token, str):
            return {}
        found = self._json("GET", address, headers={"Authorization": f"Bearer {access_token}"})
        if found.get("sub") != subject:
            raise TokenError("the provider's user info is about somebody else")
        return found

    def _json(self, method: str, url: str, **sent: Any) -> Mapping[str, Any]:
        try:
            with self._client.stream(method, url, **sent) as response:
                text = b"".join(_bounded(response))
                response.raise_for_status()
                found = httpx.Response(200, content=text).json()
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ValueError) as error:
            logger.warning("single sign-on: %s %s failed: %s", method, url, error)
            raise ProviderError(f"{urlsplit(url).hostname} did not answer as expected: {error}") from error
        if not isinstance(found, dict):
            raise ProviderError(f"{urlsplit(url).hostname} did not answer with a JSON object.")
        return found

    def _address(self, name: str, *, required: bool = True) -> str:
        address = self._metadata.get(name, "")
        if isinstance(address, str) and urlsplit(address).scheme in ("http", "https"):
            return address
        if required or address:
            raise ProviderError(f"Its configuration names no usable {name}.")
        return ""


def _bounded(response: httpx.Response) -> Any:
    size = 0
    for piece in response.iter_bytes():
        size += len(piece)
        if size > _MAX_BYTES:
            raise ValueError(f"it sent more than {_MAX_BYTES} bytes")
        yield piece


def sign_out_url(endpoint: str, client_id: str, id_token: str, back: str) -> str:
    """Return where somebody signs out at the provider, and comes back from."""
    fields = {"client_id": client_id, "post_logout_redirect_uri": back}
    if len(id_token) <= _HINT_CHARS:
        fields["id_token_hint"] = id_token
    return str(add_params_to_uri(endpoint, list(fields.items())))
