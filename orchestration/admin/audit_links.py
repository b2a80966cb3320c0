"""Links from entries of the audit trail to what they are about, and from that to its entries."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Model
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orchestration.models import AuditEntry

#: Kinds of subjects that have a page of their own, outside of the administration.
_PAGES: Final = {"tree": "tree", "run": "run", "schedule": "schedule"}


def trail_url(**narrowed: str) -> str:
    """Return the address of the trail, narrowed by what its list understands: `object`, `user`, `act`, `q` …"""
    address = reverse("admin:orchestration_auditentry_changelist")
    return f"{address}?{urlencode(narrowed)}" if narrowed else address


def trail_of(subject: Model) -> str:
    """Return the address of the entries about a row."""
    return trail_url(object=f"{subject._meta.model_name}:{subject.pk}")


def subject_url(entry: AuditEntry) -> str | None:
    """Return where the subject of an entry is shown; None when it has no page, or was deleted by this very act."""
    kind, pk = entry.subject_type, entry.subject_id
    if not pk or entry.act.endswith(".delete"):
        return None
    try:
        return reverse(_PAGES[kind], args=[pk]) if kind in _PAGES else _admin_url(kind, pk)
    except NoReverseMatch:
        return None


def _admin_url(kind: str, pk: str) -> str | None:
    for model in admin.site._registry:
        if model._meta.model_name == kind:
            return reverse(f"admin:{model._meta.app_label}_{kind}_change", args=[pk])
    return None


def subject_link(entry: AuditEntry) -> SafeString | str:
    """Show the subject of an entry, as a link where it has a page."""
    name, address = entry.subject or entry.subject_id, subject_url(entry)
    return format_html('<a href="{}">{}</a>', address, name) if address else name


def person_link(entry: AuditEntry, people: frozenset[int]) -> SafeString | str:
    """Show who an entry is about, as a link where they are still here; `people` are those who are."""
    name = entry.username or "nobody"
    if entry.user_id is None or entry.user_id not in people:
        return name
    return format_html('<a href="{}">{}</a>', reverse("admin:auth_user_change", args=[entry.user_id]), name)


def people_of(entries: list[AuditEntry]) -> frozenset[int]:
    """Return the users of some entries who are still here."""
    wanted = {entry.user_id for entry in entries if entry.user_id is not None}
    return frozenset(User.objects.filter(pk__in=wanted).values_list("pk", flat=True))
