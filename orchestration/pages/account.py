"""One's own account: who one is here, the password, where one is signed in, and the tokens of one's programs."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm
from django.core.exceptions import PermissionDenied
from django.forms import BaseForm
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from orchestration.access import Actor, rules
from orchestration.access.browser_words import browser_in_words
from orchestration.access.role_words import roles_in_words
from orchestration.actions.accounts import change_password
from orchestration.actions.sessions import end_session, end_sessions
from orchestration.actions.tokens import create_token, revoke_token
from orchestration.engine.errors import InvalidDefinitionError
from orchestration.engine.json_values import storable_text
from orchestration.models import ApiToken, SignedIn

from .access import PageRequest, page
from .token_form import TokenForm

#: Tokens that are over, of which the newest are still listed.
CLOSED_TOKENS: Final = 20
#: Sessions that are listed; nobody has that many browsers.
_LISTED_SESSIONS: Final = 50
_LARGEST_KEY: Final = 2**63 - 1


@require_safe
@page
def account(request: PageRequest) -> HttpResponse:
    """Show the account."""
    return _account_page(request, TokenForm(Actor(request.user)))


def _account_page(request: PageRequest, form: TokenForm, status: int = 200) -> HttpResponse:
    tokens = rules.tokens_of(Actor(request.user))
    usable = tokens.usable()
    context = {
        "section": "account",
        "roles": roles_in_words(request.user),
        "sessions": _session_lines(request),
        "form": form,
        "tokens": usable,
        "closed": tokens.exclude(pk__in=usable.values("pk"))[:CLOSED_TOKENS],
    }
    return render(request, "pages/account.html", context, status=status)


@sensitive_post_parameters("old_password", "new_password1", "new_password2")
@require_http_methods(["GET", "HEAD", "POST"])
@page
def password(request: PageRequest) -> HttpResponse:
    """Change one's own password. This browser stays signed in; all others are signed out."""
    form = PasswordChangeForm(request.user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        key = request.session.session_key
        change_password(request.user, form.cleaned_data["new_password1"], user=request.user, keep=key)
        update_session_auth_hash(request, request.user)
        messages.success(request, "Your password is changed. Other browsers have to sign in again.")
        return redirect("account")
    return render(request, "pages/password.html", {"section": "account", "form": form}, status=_status(form))


def _session_lines(request: PageRequest) -> list[tuple[SignedIn, str, bool]]:
    """Return where somebody is signed in, this browser first, and the others by when they were last seen."""
    mine = SignedIn.objects.open().filter(user=request.user).select_related("session")
    here = request.session.session_key
    lines = [(row, browser_in_words(row.user_agent), row.session_id == here) for row in mine[:_LISTED_SESSIONS]]
    return sorted(lines, key=lambda line: not line[2])


@require_POST
@page
def session_end(request: PageRequest, pk: int) -> HttpResponse:
    """End a session of one's own elsewhere."""
    mine = SignedIn.objects.open().filter(user=request.user).exclude(session_id=request.session.session_key)
    found = mine.filter(pk=pk).first() if pk <= _LARGEST_KEY else None
    if found is None:
        raise Http404("There is no such other session of yours.")
    end_session(found, user=request.user)
    messages.success(request, f"{browser_in_words(found.user_agent).capitalize()} is signed out.")
    return redirect("account")


@require_POST
@page
def sessions_end(request: PageRequest) -> HttpResponse:
    """End all sessions of one's own but this one."""
    count = end_sessions(request.user, user=request.user, but=request.session.session_key)
    other = "No other browser was" if not count else "1 other browser is" if count == 1 else f"{count} others are"
    messages.success(request, f"{other} signed out.")
    return redirect("account")


def _status(form: BaseForm) -> int:
    return 422 if form.errors else 200


@require_POST
@page
def token_create(request: PageRequest) -> HttpResponse:
    """Make a token, and show its secret in this one answer: it is stored nowhere, so no later page can."""
    form = TokenForm(Actor(request.user), request.POST)
    if form.is_valid():
        try:
            made = create_token(
                request.user,
                form.cleaned_data["name"],
                form.cleaned_data["scope"],
                expires_at=form.cleaned_data["expires_at"],
            )
            return render(request, "pages/token_made.html", {"section": "account", "made": made})
        except InvalidDefinitionError as error:
            form.refuse(error)
    return _account_page(request, form, _status(form))


@require_POST
@page
def token_revoke(request: PageRequest, pk: int) -> HttpResponse:
    """Revoke a token of one's own."""
    actor = Actor(request.user)
    token: ApiToken | None = rules.tokens_of(actor).filter(pk=pk).first() if pk <= _LARGEST_KEY else None
    if token is None:
        raise Http404("There is no such token of yours.")
    if not rules.may_revoke(actor, token):
        raise PermissionDenied
    revoke_token(token, user=request.user, reason=storable_text(request.POST.get("reason", "").strip(), 500))
    messages.success(request, f"The token “{token.name}” opens nothing any more.")
    return redirect("account")
