"""The interactive pages of the API: Swagger UI from our own static files, under the site's policy."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from ninja import NinjaAPI
from ninja.openapi.docs import DocsBase


class DocsPage(DocsBase):
    """Shows the pages to people who are signed in."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        """Return the page, or send strangers to the sign-in."""
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        context = {"section": "api", "schema_url": self.get_openapi_url(api, kwargs)}
        response = render(request, "api/docs.html", context)
        response.headers["Cache-Control"] = "no-store"
        return response
