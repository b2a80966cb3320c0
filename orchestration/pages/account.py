"""One's own account: who one is here, the password, and the tokens of one's programs."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.forms import BaseForm
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from orchestration.access import Actor, rules
from orchestration.actions.accounts import change_password
from orchestration.actions.tokens import create_token, revoke_token
from orchestration.engine.errors import InvalidDefinitionError
from orchestration.engine.json_values import storable_text
from orchestration.models import ApiToken

from .access import PageRequest, page
from .token_form import TokenForm

#: Tokens that are over, of which the newest are still listed.
CLOSED_TOKENS: Final = 20
_LARGEST_KEY: Final = 2**63 - 1
_ROLES: Final = {
    "viewer": "Viewer: looks at trees and runs that are shared, and at workers",
    "operator": "Operator: also starts, cancels, pauses and retries runs",
    "editor": "Editor: also makes and changes trees, and deletes runs",
    "admin": "Administrator: also manages everybody's trees and runs, people, executors and tokens",
}


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
        "form": form,
        "tokens": usable,
        "closed": tokens.exclude(pk__in=usable.values("pk"))[:CLOSED_TOKENS],
    }
    return render(request, "pages/account.html", context, status=status)


def roles_in_words(user: User) -> list[str]:
    """Say what somebody may do here."""
    names = user.groups.order_by("name").values_list("name", flat=True)
    words = ["Superuser: may do everything"] if user.is_superuser else []
    words += [_ROLES[name] for name in _ROLES if name in names]
    words += [f"Member of the group {name}" for name in names if name not in _ROLES]
    return words or ["No role: looks at what is shared with everyone"]


@sensitive_post_parameters("old_password", "new_password1", "new_password2")
@require_http_methods(["GET", "HEAD", "POST"])
@page
def password(request: PageRequest) -> HttpResponse:
    """Change one's own password. This browser stays signed in; all others are signed out."""
    form = PasswordChangeForm(request.user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        change_password(request.user, form.cleaned_data["new_password1"])
        update_session_auth_hash(request, request.user)
        messages.success(request, "Your password is changed. Other browsers have to sign in again.")
        return redirect("account")
    return render(request, "pages/password.html", {"section": "account", "form": form}, status=_status(form))


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
