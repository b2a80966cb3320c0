"""What a user's page in the administration shows besides the form."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime

from orchestration.access.browser_words import browser_in_words
from orchestration.access.role_words import roles_in_words
from orchestration.models import ApiToken, OidcIdentity, SignedIn

_LISTED: Final = 10
_MINUTES: Final = "%Y-%m-%d %H:%M UTC"


def roles_of(user: User) -> SafeString:
    """Return what somebody may do, in words."""
    return _lines([format_html("{}", words) for words in roles_in_words(user)])


def sessions_of(user: User) -> SafeString:
    """Return where somebody is signed in, the last seen first."""
    rows = list(SignedIn.objects.open().filter(user=user)[: _LISTED + 1])
    lines = [
        format_html(
            '<a href="{}">{}</a> from {}, last seen {}',
            reverse("admin:orchestration_signedin_change", args=[row.pk]),
            browser_in_words(row.user_agent),
            row.address or "an unknown address",
            localtime(row.last_seen_at).strftime(_MINUTES),
        )
        for row in rows[:_LISTED]
    ]
    return _with_rest(lines, len(rows) > _LISTED, "nowhere", f"orchestration_signedin:user__id__exact={user.pk}")


def tokens_of(user: User) -> SafeString:
    """Return the usable tokens of somebody's programs."""
    rows = list(ApiToken.objects.usable().filter(user=user)[: _LISTED + 1])
    lines = [
        format_html(
            '<a href="{}">{}</a> for {}',
            reverse("admin:orchestration_apitoken_change", args=[token.pk]),
            token.name,
            token.scope,
        )
        for token in rows[:_LISTED]
    ]
    query = urlencode({"q": user.get_username()})
    return _with_rest(lines, len(rows) > _LISTED, "none that opens anything", f"orchestration_apitoken:{query}")


def identities_of(user: User) -> SafeString:
    """Return whom a provider of single sign-on means by somebody."""
    lines = [
        format_html(
            '<a href="{}">{}</a> at {}',
            reverse("admin:orchestration_oidcidentity_change", args=[row.pk]),
            row.subject,
            row.issuer,
        )
        for row in OidcIdentity.objects.filter(user=user)
    ]
    return _lines(lines) if lines else mark_safe("not linked")


def _with_rest(lines: list[SafeString], has_more: bool, none: str, rest: str) -> SafeString:
    if not lines:
        return format_html("{}", none)
    if not has_more:
        return _lines(lines)
    model, _, query = rest.partition(":")
    more = format_html('<a href="{}?{}">and more</a>', reverse(f"admin:{model}_changelist"), query)
    return _lines([*lines, more])


def _lines(lines: list[SafeString]) -> SafeString:
    return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", ((line,) for line in lines)))
