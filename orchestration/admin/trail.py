"""The audit trail and the API tokens: to look at; tokens can be revoked."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from orchestration.access import rules
from orchestration.actions import audit
from orchestration.actions.audit_export import FORMATS, export
from orchestration.actions.tokens import revoke_token
from orchestration.models import ApiToken, AuditEntry
from orchestration.store.audit_trail import audit_acts, audit_subject_types
from orchestration.store.counted import COUNTED, CountedPaginator

from .audit_details import details_of
from .audit_form import AuditSearchForm, TrailList
from .audit_links import people_of, person_link, subject_link, trail_url
from .read_only import ReadOnlyAdmin
from .visible import actor_of


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin[AuditEntry]):
    """Who did what, when, from where and why; the database itself keeps entries from being changed."""

    list_display = ("at", "who", "act", "what", "short_reason", "via", "address")
    sortable_by = ()
    paginator = CountedPaginator
    ordering = ("-id",)
    fields = (
        *("at", "who", "via", "token", "address", "act"),
        *("what", "subject_type", "subject_id", "reason", "details", "related"),
    )

    def get_changelist(self, request: HttpRequest, **_: Any) -> type[TrailList]:
        """Narrow by the form of the trail."""
        return TrailList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Bring along what the form proposes."""
        proposed = {"acts": audit_acts(), "kinds": audit_subject_types(), "counted": COUNTED}
        response: HttpResponse = super().changelist_view(request, {**proposed, **(extra_context or {})})
        return response

    def get_urls(self) -> list[Any]:
        """Add the export."""
        export_url = path("export/<str:form>/", self.admin_site.admin_view(self.export_view), name="audit-export")
        return [export_url, *super().get_urls()]

    def export_view(self, request: HttpRequest, form: str) -> StreamingHttpResponse:
        """Send the entries that are looked for as a file. The export has an entry of its own."""
        if not self.has_view_permission(request):
            raise PermissionDenied("The audit trail is for administrators.")
        search = AuditSearchForm(request.GET)
        if form not in FORMATS or not search.is_valid():
            raise Http404("There is no such export.")
        entries = search.narrow(AuditEntry.objects.all())
        audit.record("audit.export", user=actor_of(request).user, detail={"format": form, "filter": search.facts()})
        headers = {"Content-Disposition": f'attachment; filename="audit.{form}"', "Cache-Control": "no-store"}
        return StreamingHttpResponse(export(entries, form), content_type=FORMATS[form], headers=headers)

    @admin.display(description="user")
    def who(self, entry: Any) -> SafeString | str:
        """Lead to the person, while they are here."""
        return person_link(entry, getattr(entry, "people", None) or people_of([entry]))

    @admin.display(description="subject")
    def what(self, entry: AuditEntry) -> SafeString | str:
        """Lead to what it was done to."""
        return subject_link(entry)

    @admin.display(description="reason")
    def short_reason(self, entry: AuditEntry) -> str:
        """Show the beginning of the reason."""
        return f"{entry.reason[:79]}…" if len(entry.reason) > 80 else entry.reason

    @admin.display(description="details")
    def details(self, entry: AuditEntry) -> SafeString:
        """Show what changed."""
        return details_of(entry.detail)

    @admin.display(description="more")
    def related(self, entry: AuditEntry) -> SafeString:
        """Lead to the other entries of this subject and of this user."""
        links = []
        if entry.subject_id:
            links.append((trail_url(object=f"{entry.subject_type}:{entry.subject_id}"), "All about this subject"))
        if entry.username:
            links.append((trail_url(user=entry.username), f"All by {entry.username}"))
        return format_html_join(" · ", '<a href="{}">{}</a>', links)


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin[ApiToken]):
    """Everybody's tokens. Their secrets are nowhere, and their digests are not shown."""

    empty_words = "There is none yet. People make tokens of their own under Your account."
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
