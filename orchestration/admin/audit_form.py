"""The form above the audit trail, and the list that it narrows."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from django import forms
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest

from orchestration.actions.audit_search import AuditSearch
from orchestration.models import AuditEntry

from .audit_links import people_of

_DAY: Final = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class AuditSearchForm(forms.Form):
    """Who, what, to what, how, when, and words that stand anywhere in an entry. Days are days in UTC."""

    q = forms.CharField(max_length=200, required=False, label="Words")
    user = forms.CharField(max_length=150, required=False, label="User")
    act = forms.CharField(max_length=60, required=False, label="Act", widget=forms.TextInput(attrs={"list": "acts"}))
    object = forms.CharField(
        max_length=120,
        required=False,
        label="Object",
        widget=forms.TextInput(attrs={"list": "kinds", "placeholder": "tree, or tree:ID"}),
    )
    via = forms.ChoiceField(choices=[("", "any way"), *AuditEntry.Via.choices], required=False, label="Way")
    since = forms.DateField(required=False, label="From", widget=_DAY)
    until = forms.DateField(required=False, label="To", widget=_DAY)

    def search(self) -> AuditSearch | None:
        """Return what is looked for; None when something of it can't be read, and then nothing is found."""
        if not self.is_valid():
            return None
        data = self.cleaned_data
        until: date | None = data["until"]
        return AuditSearch(
            user=data["user"],
            act=data["act"],
            object=data["object"],
            via=data["via"],
            words=data["q"],
            since=_midnight(data["since"]),
            until=_midnight(until + timedelta(days=1)) if until and until < date.max else None,
        )

    def narrow(self, entries: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        """Return the entries that are looked for."""
        search = self.search()
        return entries.none() if search is None else search.narrow(entries)

    def facts(self) -> dict[str, str]:
        """Return what was filled in, for the entry of an export."""
        return {name: str(value) for name, value in self.cleaned_data.items() if value not in ("", None)}


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time.min, UTC)


class TrailList(ChangeList):
    """The list of entries, narrowed by the form: Django's own filters would count, and read all values of a column."""

    search: AuditSearchForm

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        """Leave the fields of the form out of what Django takes for names of columns."""
        found = super().get_filters_params(params)
        return {name: value for name, value in found.items() if name not in AuditSearchForm.base_fields}

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[AuditEntry]:
        """Narrow the entries."""
        self.search = AuditSearchForm(request.GET)
        return self.search.narrow(super().get_queryset(request, exclude_parameters))

    def get_results(self, request: HttpRequest) -> None:
        """Note of each entry whether its user is still here, all of them with one query."""
        super().get_results(request)
        entries: list[Any] = list(self.result_list)
        people = people_of(entries)
        for entry in entries:
            entry.people = people
        self.result_list = entries
