"""Where requests come from: the address behind proxies, and the way in, for sync and async views."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from orchestration.access.origin import client_address, origin_middleware
from orchestration.actions import audit
from orchestration.actions.audit import Origin


def ask(path: str = "/", **headers: str) -> HttpRequest:
    return RequestFactory().get(path, REMOTE_ADDR="10.0.0.9", headers=headers)


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "", "10.0.0.9"),
        (0, "203.0.113.7", "10.0.0.9"),  # nobody is trusted: the visitor's own tale
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "6.6.6.6, 203.0.113.7", "203.0.113.7"),
        (2, "6.6.6.6, 203.0.113.7, 10.0.0.8", "203.0.113.7"),
        (2, "203.0.113.7", "10.0.0.9"),  # came past one of the proxies
        (1, "nonsense", "10.0.0.9"),
        (1, "", "10.0.0.9"),
        (1, "203.0.113.7:4711", "203.0.113.7"),
        (1, "[2001:db8::1]:4711", "2001:db8::1"),
        (1, "2001:DB8::1", "2001:db8::1"),
    ],
)
def test_the_address_behind_proxies(settings: Any, proxies: int, forwarded: str, address: str) -> None:
    settings.APFLOW_PROXIES = proxies
    assert client_address(ask(**({"x-forwarded-for": forwarded} if forwarded else {}))) == address


def test_a_connection_without_an_address_has_none() -> None:
    request = RequestFactory().get("/", REMOTE_ADDR="")
    assert client_address(request) is None


@pytest.mark.parametrize(
    ("path", "via"), [("/", "page"), ("/trees/", "page"), ("/admin/", "admin"), ("/api/v1/trees", "api")]
)
def test_sync_views_know_where_they_are_asked_from(path: str, via: str) -> None:
    seen = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(audit.origin())
        return HttpResponse()

    origin_middleware(view)(ask(path))
    assert seen == [Origin(via, "10.0.0.9")]
    assert audit.origin() == Origin()


def test_async_views_too_with_the_token_that_was_found_on_the_way() -> None:
    seen = []

    async def view(request: HttpRequest) -> HttpResponse:
        audit.add_token("nightly (apf_1234…)")
        seen.append(audit.origin())
        return HttpResponse()

    async_to_sync(origin_middleware(view))(ask("/api/v1/trees"))  # type: ignore[arg-type]
    assert seen == [Origin("api", "10.0.0.9", "nightly (apf_1234…)")]
    assert audit.origin() == Origin()
