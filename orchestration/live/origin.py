"""Whether a WebSocket is opened by a page of this site: browsers send the cookie along from any page."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.utils.http import is_same_domain

from orchestration.access.identify import header_of


def is_own_origin(scope: dict[str, Any]) -> bool:
    """Tell whether a WebSocket may be opened from where it comes. A program with a token needs no origin."""
    host = _host(scope)
    if host is None:
        return False
    origin = header_of(scope["headers"], b"origin")
    if not origin:
        return header_of(scope["headers"], b"authorization") != ""
    schemes = ("https",) if settings.SESSION_COOKIE_SECURE else ("http", "https")
    return origin in (f"{scheme}://{host}" for scheme in schemes) or _is_trusted(origin)


def _host(scope: dict[str, Any]) -> str | None:
    """Return the host that was asked for, if it is one of this site's."""
    request = HttpRequest()
    request.META["HTTP_HOST"] = header_of(scope["headers"], b"host")
    try:
        return request.get_host()
    except DisallowedHost:
        return None


def _is_trusted(origin: str) -> bool:
    """Tell whether an origin is among CSRF_TRUSTED_ORIGINS, as Django's own check of forms reads them."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    trusted = (urlsplit(text.replace("*", "", 1)) for text in settings.CSRF_TRUSTED_ORIGINS)
    return any(own.scheme == parts.scheme and is_same_domain(parts.netloc, own.netloc) for own in trusted)
