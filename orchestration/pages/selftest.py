"""A page that tests whether live updates get through to this browser, and says what a proxy in between has to do."""

from __future__ import annotations

from typing import Final

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from .access import PageRequest, page

#: What the page's script asks, by the names that it knows them by.
PATHS: Final = {
    "wsPath": "/ws/selftest/",
    "ssePath": "/api/v1/selftest/sse",
    "pollPath": "/api/v1/selftest/poll",
}
#: Proxies by name, with the file of their settings under `templates/pages/proxies/`.
PROXIES: Final = {"nginx": "nginx.conf", "Caddy": "Caddyfile", "Traefik": "traefik.yml"}


@require_safe
@page
def selftest(request: PageRequest) -> HttpResponse:
    """Show the test, which the browser carries out."""
    proxies = [(name, f"pages/proxies/{file}") for name, file in PROXIES.items()]
    return render(request, "pages/selftest.html", {"boot": PATHS, "proxies": proxies})
