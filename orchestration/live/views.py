"""The streams over HTTP: server-sent events for who accepts them, one answer for who polls."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

import django.db
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from orchestration.access import rules
from orchestration.actions.overview import overview_of

from . import event_streams
from .door import door
from .errors import StreamError, unavailable
from .frames import Frame, overview_frame
from .parameters import cursor_of, limit_of
from .polling import poll
from .threads import in_request_thread
from .visitor import Visitor, run_id_for, visitor_of_request

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], Coroutine[Any, Any, HttpResponseBase]]


def endpoint(view: View[P]) -> View[P]:
    """Make a view that answers GET alone, whose errors have the API's shape, and whose answer no cache keeps."""

    # GET changes nothing; a POST is to hear that, and not of a missing token.
    @csrf_exempt
    @wraps(view)
    async def checked(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            if request.method != "GET":
                raise StreamError("method_not_allowed", "Only GET is answered here.", status=405, close_code=4400)
            return await view(request, *args, **kwargs)
        except StreamError as error:
            return _refusal(error)
        except (django.db.OperationalError, django.db.InterfaceError):
            return _refusal(unavailable())

    return cast(View[P], checked)


@endpoint
async def run_events(request: HttpRequest, run_id: str) -> HttpResponseBase:
    """Serve /api/v1/runs/{id}/events."""
    after = cursor_of(request.headers, "Last-Event-ID")
    after = cursor_of(request.GET) if after is None else after
    if not wants_stream(request):
        return _answer(await in_request_thread(_poll_run, request, run_id, after, limit_of(request.GET)))
    visitor, pk = await in_request_thread(_visitor_and_run, request, run_id)
    door().require_room(visitor)
    return event_streams.event_stream(request, event_streams.run_events(visitor, pk, after))


@endpoint
async def overview(request: HttpRequest) -> HttpResponseBase:
    """Serve /api/v1/overview."""
    if not wants_stream(request):
        return _answer(await in_request_thread(_poll_overview, request))
    visitor = await in_request_thread(visitor_of_request, request)
    door().require_room(visitor)
    return event_streams.event_stream(request, event_streams.overview_events(visitor))


def wants_stream(request: HttpRequest) -> bool:
    """Tell whether the client asks for server-sent events."""
    return "text/event-stream" in request.headers.get("Accept", "")


def _visitor_and_run(request: HttpRequest, run_id: str) -> tuple[Visitor, str]:
    visitor = visitor_of_request(request)
    return visitor, run_id_for(visitor, run_id)


def _poll_run(request: HttpRequest, run_id: str, after: int | None, limit: int) -> Frame:
    _, pk = _visitor_and_run(request, run_id)
    return poll(pk, after, limit)


def _poll_overview(request: HttpRequest) -> Frame:
    return overview_frame(timezone.now(), overview_of(rules.runs_of(visitor_of_request(request).actor)))


def _answer(frame: Frame) -> HttpResponse:
    return HttpResponse(frame.text, content_type="application/json", headers={"Cache-Control": "no-store"})


def _refusal(error: StreamError) -> HttpResponse:
    headers = {"Cache-Control": "no-store"}
    if error.status in (429, 503):
        headers["Retry-After"] = "60" if error.status == 429 else "5"
    if error.status == 405:
        headers["Allow"] = "GET"
    return HttpResponse(error.json, content_type="application/json", status=error.status, headers=headers)
