"""The streams of the API. They stand before the rest of it, under the same root."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from . import selftest, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("runs/<str:run_id>/events", views.run_events, name="live-run-events"),
    path("overview", views.overview, name="live-overview"),
    path("selftest/poll", selftest.poll, name="selftest-poll"),
    path("selftest/sse", selftest.events, name="selftest-sse"),
]
