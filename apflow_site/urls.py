"""URLs of the site."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from orchestration.api.app import api

urlpatterns = [
    path("admin/", admin.site.urls),
    # The streams of the API come before the rest of it.
    path("api/v1/", include("orchestration.live.urls")),
    path("api/v1/", api.urls),
    path("", include("orchestration.pages.urls")),
]
