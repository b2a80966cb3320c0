"""Requests of people who are signed in see the executors that are made in the admin, and their changes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import cast

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from orchestration.actions.made_executors import is_refresh_due, refresh_executors

SyncHandler = Callable[[HttpRequest], HttpResponseBase]
AsyncHandler = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


@sync_and_async_middleware
def made_executors_middleware(get_response: SyncHandler | AsyncHandler) -> SyncHandler | AsyncHandler:
    """Look, at most once a second, whether executors were made, changed or deleted. Strangers cost no look."""
    if iscoroutinefunction(get_response):
        answer_async = cast(AsyncHandler, get_response)

        async def current_async(request: HttpRequest) -> HttpResponseBase:
            if _brings_identity(request) and is_refresh_due():
                await sync_to_async(refresh_executors)()
            return await answer_async(request)

        return current_async

    answer = cast(SyncHandler, get_response)

    def current(request: HttpRequest) -> HttpResponseBase:
        if _brings_identity(request):
            refresh_executors()
        return answer(request)

    return current


def _brings_identity(request: HttpRequest) -> bool:
    return settings.SESSION_COOKIE_NAME in request.COOKIES or "Authorization" in request.headers
