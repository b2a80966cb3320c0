"""Who is signed in where, and who a provider of single sign-on means by whom."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import BooleanField, Case, QuerySet, Value, When
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orchestration.access import rules
from orchestration.access.browser_words import browser_in_words
from orchestration.actions.sessions import end_session
from orchestration.models import OidcIdentity, SignedIn

from .audited import Audited
from .generics import ModelAdmin
from .read_only import ReadOnlyAdmin
from .visible import actor_of


@admin.register(SignedIn)
class SignedInAdmin(ReadOnlyAdmin[SignedIn]):
    """Sessions that are open. Their keys are not shown: who has one is signed in."""

    list_display = ("browser", "person", "address", "signed_in_at", "last_seen_at", "ends_at")
    list_select_related = ("user", "session")
    search_fields = ("=user__username", "=address")
    search_help_text = "User name or address"
    ordering = ("-last_seen_at", "-id")
    fields = ("person", "browser", "user_agent", "address", "signed_in_at", "last_seen_at", "ends_at")
    actions = ("end",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[SignedIn]:
        """Leave out what is over, and note which one is the visitor's own."""
        mine = When(session_id=request.session.session_key, then=Value(True))
        return SignedIn.objects.open().annotate(is_here=Case(mine, default=Value(False), output_field=BooleanField()))

    def has_view_permission(self, request: HttpRequest, obj: SignedIn | None = None) -> bool:
        """Administrators."""
        return rules.may_administer(actor_of(request))

    def has_module_permission(self, request: HttpRequest) -> bool:
        """The same."""
        return self.has_view_permission(request)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Let links narrow the list to one person."""
        return lookup == "user__id__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(description="browser", ordering="user_agent")
    def browser(self, row: Any) -> str:
        """Say what browser it is, as far as it tells, and mark the one that looks at the page."""
        return f"{browser_in_words(row.user_agent)}{' (this one)' if row.is_here else ''}"

    @admin.display(description="user", ordering="user__username")
    def person(self, row: SignedIn) -> SafeString:
        """Lead to the person."""
        address = reverse("admin:auth_user_change", args=[row.user_id])
        return format_html('<a href="{}">{}</a>', address, row.user.get_username())

    @admin.display(description="ends", ordering="session__expire_date")
    def ends_at(self, row: SignedIn) -> Any:
        """Say when it ends by itself."""
        return row.session.expire_date

    @admin.action(description="End the selected sessions", permissions=["view"])
    def end(self, request: HttpRequest, rows: QuerySet[SignedIn]) -> None:
        """Sign people out."""
        found = list(rows)
        for row in found:
            end_session(row, user=actor_of(request).user)
        messages.success(request, f"{len(found)} session{'' if len(found) == 1 else 's'} ended.")


@admin.register(OidcIdentity)
class OidcIdentityAdmin(Audited, ModelAdmin[OidcIdentity]):
    """Who a provider means by a subject. A link is made and taken away here; nothing of it is changed."""

    list_display = ("subject", "user", "email", "issuer", "created_at", "last_used_at")
    list_select_related = ("user",)
    search_fields = ("=user__username", "=subject", "=email")
    search_help_text = "User name, subject or e-mail"
    autocomplete_fields = ("user",)

    def get_fields(self, request: HttpRequest, obj: OidcIdentity | None = None) -> Any:
        """Ask for what makes a link; show the rest of one that is there."""
        asked = ("user", "issuer", "subject")
        return asked if obj is None else (*asked, "email", "created_at", "last_used_at")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Propose the provider that is configured."""
        return {"issuer": settings.APFLOW_OIDC_ISSUER, **super().get_changeform_initial_data(request)}

    def has_view_permission(self, request: HttpRequest, obj: OidcIdentity | None = None) -> bool:
        """Administrators."""
        return rules.may_administer(actor_of(request))

    def has_module_permission(self, request: HttpRequest) -> bool:
        """The same."""
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """The same."""
        return self.has_view_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: OidcIdentity | None = None) -> bool:
        """Nobody: a subject that meant somebody else would be another link."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: OidcIdentity | None = None) -> bool:
        """Administrators."""
        return self.has_view_permission(request)
