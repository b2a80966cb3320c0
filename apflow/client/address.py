"""The address of a server: what it may look like, and where a token may be sent without TLS."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from .errors import ClientError


class AddressError(ClientError):
    """The address can't be used."""


def server_address(text: str, *, insecure: bool = False) -> str:
    """Return an address in its plain form, without a slash at its end.

    Raises AddressError when it is none, or when a token would cross a network in the clear and not `insecure`.
    """
    text = text.strip()
    parts = urlsplit(text if "://" in text else f"https://{text}")
    try:
        port = parts.port
    except ValueError as error:
        raise AddressError(f"{text!r} is not an address: {error}.") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise AddressError(f"{text!r} is not an address such as https://apflow.example.org.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise AddressError("An address of a server has no user name, no query and no fragment.")
    if parts.scheme == "http" and not insecure and not is_loopback(parts.hostname):
        raise AddressError(
            f"http://{parts.hostname} would send the token over the network where others can read it: "
            "use https://, or say --insecure if you trust the network."
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}{parts.path.rstrip('/')}"


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
