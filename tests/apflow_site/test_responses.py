"""What every response carries, and static files under ASGI."""

from __future__ import annotations

import pytest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import AsyncClient, Client

from apflow_site.csp import HEADER, POLICY, csp_middleware

STATIC_FILE = "/static/admin/css/base.css"


def test_the_policy_allows_no_inline_code() -> None:
    assert "unsafe" not in POLICY
    assert "default-src 'self'" in POLICY
    assert "frame-ancestors 'none'" in POLICY


def test_a_response_keeps_a_policy_of_its_own() -> None:
    def answer(request: HttpRequest) -> HttpResponseBase:
        return HttpResponse(headers={HEADER: "default-src 'none'"})

    response = csp_middleware(answer)(HttpRequest())
    assert isinstance(response, HttpResponse)
    assert response[HEADER] == "default-src 'none'"


def test_security_headers() -> None:
    response = Client().get("/no-such-page/")
    assert response[HEADER] == POLICY
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["X-Content-Type-Options"] == "nosniff"


@pytest.mark.django_db
def test_the_admin_has_no_inline_code() -> None:
    page = Client().get("/admin/login/").content.decode()
    assert "<style" not in page
    assert " style=" not in page
    assert "<script>" not in page


def test_static_files_without_collectstatic() -> None:
    response: object = Client().get(STATIC_FILE)
    assert isinstance(response, StreamingHttpResponse)
    assert response.headers["Content-Type"].startswith("text/css")
    assert response.headers[HEADER] == POLICY
    assert response.getvalue().startswith(b"/*")


async def read(response: object) -> bytes:
    """Read a body to its end, at which the client closes the response.

    A test that closes it by itself has Django close the connections that earlier tests have left in the process.
    """
    assert isinstance(response, StreamingHttpResponse) and response.is_async
    return b"".join([chunk async for chunk in response])


@pytest.mark.asyncio
async def test_static_files_are_streamed_asynchronously() -> None:
    response = await AsyncClient().get(STATIC_FILE)
    assert response.headers[HEADER] == POLICY
    assert len(await read(response)) == int(response.headers["Content-Length"])


@pytest.mark.asyncio
async def test_an_unchanged_static_file_is_not_sent_again() -> None:
    first = await AsyncClient().get(STATIC_FILE)
    assert await read(first)
    again = await AsyncClient().get(STATIC_FILE, headers={"if-modified-since": first["Last-Modified"]})
    assert again.status_code == 304
