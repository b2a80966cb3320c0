"""The audit trail and the API tokens: to look at; tokens can be revoked."""

from __future__ import annotations

import json

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orchestration.access import rules
from orchestration.actions.tokens import revoke_token
from orchestration.models import ApiToken, AuditEntry

from .read_only import ReadOnlyAdmin
from .visible import actor_of


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin[AuditEntry]):
    """Who did what, when, from where and why; the database itself keeps entries from being changed."""

    list_display = ("at", "username", "act", "subject", "short_reason", "via", "address")
    list_filter = ("via", "at", "subject_type")
    search_fields = ("=username", "act", "subject", "=subject_id")
    search_help_text = "User, act (such as tree.save), or name or id of what it was done to"
    ordering = ("-id",)
    fields = (
        *("at", "username", "via", "token", "address", "act"),
        *("subject", "subject_type", "subject_id", "reason", "details"),
    )

    @admin.display(description="reason")
    def short_reason(self, entry: AuditEntry) -> str:
        """Show the beginning of the reason."""
        return f"{entry.reason[:79]}…" if len(entry.reason) > 80 else entry.reason

    @admin.display(description="details")
    def details(self, entry: AuditEntry) -> SafeString:
        """Show what changed."""
        return format_html("<pre>{}</pre>", json.dumps(entry.detail, indent=2, ensure_ascii=False))


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin[ApiToken]):
    """Everybody's tokens. Their secrets are nowhere, and their digests are not shown."""

    list_display = ("name", "user", "hint", "scope", "state", "created_at", "last_used_at", "expires_at")
    list_filter = ("scope", ("revoked_at", admin.EmptyFieldListFilter), "created_at")
    list_select_related = ("user",)
    search_fields = ("name", "=user__username", "hint")
    search_help_text = "Name, user, or how it begins"
    fields = ("name", "user", "hint", "scope", "state", "created_at", "last_used_at", "expires_at", "revoked_at")
    actions = ("revoke",)

    @admin.display(description="state")
    def state(self, token: ApiToken) -> str:
        """Say whether it opens anything."""
        if token.revoked_at is not None:
            return "revoked"
        if token.expires_at is not None and token.expires_at <= timezone.now():
            return "expired"
        return "usable" if token.user.is_active else "of a deactivated user"

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Administrators."""
        return rules.may_administer(actor_of(request))

    @admin.action(description="Revoke the selected tokens", permissions=["revoke"])
    def revoke(self, request: HttpRequest, tokens: QuerySet[ApiToken]) -> None:
        """Close tokens for good."""
        actor = actor_of(request)
        count = sum(revoke_token(token, user=actor.user) for token in tokens if rules.may_revoke(actor, token))
        messages.success(request, f"{count} token{'' if count == 1 else 's'} revoked.")
