"""What every response carries, and static files under ASGI."""

from __future__ import annotations

import pytest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import AsyncClient, Client

from apflow_site.csp import HEADER, POLICY, csp_middleware

# Whoever closes a response tells Django that the request is over, and Django then looks at the connections that an
# earlier test has left in the process: such a test needs the database, although its answer does not.

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


@pytest.mark.django_db
def test_static_files_without_collectstatic() -> None:
    response: object = Client().get(STATIC_FILE)
    assert isinstance(response, StreamingHttpResponse)
    assert response.headers["Content-Type"].startswith("text/css")
    assert response.headers[HEADER] == POLICY
    assert response.getvalue().startswith(b"/*")
    response.close()


@pytest.mark.asyncio
@pytest.mark.django_db
async def test_static_files_are_streamed_asynchronously() -> None:
    response: object = await AsyncClient().get(STATIC_FILE)
    assert isinstance(response, StreamingHttpResponse)
    assert response.headers[HEADER] == POLICY
    assert response.is_async
    body = b"".join([chunk async for chunk in response])
    assert len(body) == int(response.headers["Content-Length"])
    response.close()


@pytest.mark.asyncio
@pytest.mark.django_db
async def test_an_unchanged_static_file_is_not_sent_again() -> None:
    first = await AsyncClient().get(STATIC_FILE)
    first.close()
    again = await AsyncClient().get(STATIC_FILE, headers={"if-modified-since": first["Last-Modified"]})
    assert again.status_code == 304
    again.close()
