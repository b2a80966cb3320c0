"""Single sign-on: to the provider, and back with its word. Every way to fail ends on a page that says what to do."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any, Final

from axes.handlers.proxy import AxesProxyHandler
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from orchestration.access.sign_ins import note_refused_sign_on, note_sign_on
from orchestration.access.sign_on_provider import Attempt, Provider, ProviderError, TokenError
from orchestration.access.sign_on_settings import SignOnSettings, sign_on_settings
from orchestration.actions.sign_on import SignOnRefused, admit

#: Where a session keeps the ways to the provider that are not over, by their state.
ATTEMPTS: Final = "sign_on_attempts"
#: Where a session keeps how to sign out at the provider.
LEAVING: Final = "sign_on_leaving"
_MAX_ATTEMPTS: Final = 5
#: Seconds that somebody has for signing in at the provider.
_PATIENCE: Final = 900
_BACKEND: Final = "django.contrib.auth.backends.ModelBackend"
_NOT_BEGUN: Final = (
    "This answer does not belong to a sign-in that was begun in this browser, or that one was too long ago. "
    "Begin again."
)
_NOT_TRUSTED: Final = (
    "The provider's answer can't be trusted, so it was not used. Begin again; if it happens again, tell an "
    "administrator of this site: the audit trail says what was wrong."
)
_LOCKED: Final = "Wrong passwords were tried for this account from this address. Wait some minutes, and begin again."


@require_GET
@never_cache
def sign_on(request: HttpRequest) -> HttpResponse:
    """Send somebody to the provider."""
    configured = _configured()
    attempt = Attempt.new()
    try:
        with Provider(configured) as provider:
            address = provider.authorization_url(attempt, _back(request))
    except ProviderError as error:
        return _away(request, configured, error)
    entry = {**asdict(attempt), "next": request.GET.get("next", "")[:2000], "at": time.time()}
    attempts = [*request.session.get(ATTEMPTS, []), entry][-_MAX_ATTEMPTS:]
    request.session[ATTEMPTS] = attempts
    return redirect(address)


@require_GET
@never_cache
def sign_on_back(request: HttpRequest) -> HttpResponse:
    """Let in whom the provider vouches for."""
    configured = _configured()
    entry = _take_attempt(request)
    if entry is None:
        return _refused(request, configured, "state", _NOT_BEGUN, status=400)
    if "code" not in request.GET:
        said = request.GET.get("error_description") or request.GET.get("error") or "it gave no reason"
        return _refused(request, configured, "provider", f"{configured.name} did not sign you in: {said[:300]}")
    attempt = Attempt(entry["state"], entry["nonce"], entry["verifier"])
    try:
        with Provider(configured) as provider:
            vouched, id_token = provider.redeem(request.GET["code"], attempt, _back(request))
            endpoint = provider.end_session_endpoint
        user = admit(vouched, configured.policy)
    except ProviderError as error:
        return _away(request, configured, error)
    except TokenError as error:
        note_refused_sign_on("token", configured.issuer, detail={"problem": str(error)[:500]})
        return _refused(request, configured, "token", _NOT_TRUSTED)
    except SignOnRefused as error:
        detail = {"subject": vouched.subject, "email": vouched.text("email")}
        note_refused_sign_on(error.code, configured.issuer, username=error.username, detail=detail)
        return _refused(request, configured, error.code, str(error))
    return _let_in(request, user, configured, entry["next"], {"endpoint": endpoint, "id_token": id_token})


def _let_in(
    request: HttpRequest, user: User, configured: SignOnSettings, wanted: str, leaving: dict[str, str]
) -> HttpResponse:
    if not AxesProxyHandler.is_allowed(request, {"username": user.get_username()}):
        note_refused_sign_on("locked", configured.issuer, username=user.get_username(), detail={})
        return _refused(request, configured, "locked", _LOCKED, status=429)
    note_sign_on(request, configured.issuer)
    login(request, user, backend=_BACKEND)
    if leaving["endpoint"]:
        request.session[LEAVING] = leaving
    return redirect(_safe(request, wanted))


def _configured() -> SignOnSettings:
    configured = sign_on_settings()
    if configured is None:
        raise Http404("Single sign-on is not switched on here.")
    return configured


def _back(request: HttpRequest) -> str:
    return request.build_absolute_uri(reverse("sign-on-back"))


def _take_attempt(request: HttpRequest) -> dict[str, Any] | None:
    """Return the way that comes back here, once: a second time, or with another state, there is none."""
    state, entries = request.GET.get("state", ""), request.session.get(ATTEMPTS, [])
    found: dict[str, Any] | None = next((entry for entry in entries if entry["state"] == state), None)
    if found is None:
        return None
    request.session[ATTEMPTS] = [entry for entry in entries if entry is not found]
    return found if time.time() - found["at"] <= _PATIENCE else None


def _safe(request: HttpRequest, wanted: str) -> str:
    allowed = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if allowed else resolve_url("overview")


def _away(request: HttpRequest, configured: SignOnSettings, error: ProviderError) -> HttpResponse:
    message = f"{configured.name} can't be reached, or does not answer as it should. Try again in a while."
    return _refused(request, configured, "away", message, detail=str(error), status=502)


def _refused(
    request: HttpRequest, configured: SignOnSettings, code: str, message: str, *, detail: str = "", status: int = 403
) -> HttpResponse:
    context = {"sign_on": configured, "code": code, "message": message, "detail": detail}
    return render(request, "pages/sign_on_refused.html", context, status=status)
