"""Looking for entries of the audit trail: one set of filters for the administration, the API and the exports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from orchestration.models import AuditEntry
from orchestration.store.audit_trail import has_words


@dataclass(frozen=True, slots=True)
class AuditSearch:
    """What the trail is narrowed by; the empty text and None narrow nothing.

    `act` with a dot at the end is all acts of that kind. `object` is a kind of subject, such as `tree`, or one of
    them: `tree:ID`. `subject` is the id or the name of a subject. `words` are looked for everywhere in an entry, with
    their beginnings: `nigh` finds “Nightly”. `since` is included, `until` is not.
    """

    user: str = ""
    act: str = ""
    object: str = ""
    subject: str = ""
    via: str = ""
    words: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def narrow(self, entries: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        """Return the entries that fit."""
        found = entries.filter(self._condition())
        if not self.words.strip():
            return found
        words = has_words(self.words)
        return found.none() if words is None else found.filter(words)

    def _condition(self) -> Q:
        kind, _, pk = self.object.partition(":")
        conditions = {
            "username": self.user,
            "act__startswith" if self.act.endswith(".") else "act": self.act,
            "subject_type": kind,
            "subject_id": pk,
            "via": self.via,
            "at__gte": self.since,
            "at__lt": self.until,
        }
        condition = Q(**{name: value for name, value in conditions.items() if value not in ("", None)})
        return condition & (Q(subject_id=self.subject) | Q(subject=self.subject)) if self.subject else condition
