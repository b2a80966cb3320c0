"""The form that makes an API token."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from django import forms
from django.utils import timezone

from orchestration.access import Actor, rules
from orchestration.engine.errors import InvalidDefinitionError
from orchestration.models import ApiToken

_NEVER: Final = "never"
_DATE: Final = "date"
_DAYS: Final = ("7", "30", "90", "365")
_LASTS: Final = (
    ("7", "7 days"),
    ("30", "30 days"),
    ("90", "90 days"),
    ("365", "a year"),
    (_DATE, "until a date"),
    (_NEVER, "without an end"),
)


class TokenForm(forms.Form):
    """A name, a scope that means something for the one who asks, and an end."""

    name = forms.CharField(max_length=100)
    lasts = forms.ChoiceField(choices=_LASTS, initial="90")
    until = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, actor: Actor, data: Any = None) -> None:
        super().__init__(data)
        choices = [(scope, ApiToken.Scope(scope).label) for scope in rules.token_scopes(actor)]
        self.fields["scope"] = forms.ChoiceField(choices=choices)

    def clean(self) -> dict[str, Any]:
        """Work out when it ends: a chosen day counts to its end, in UTC."""
        cleaned = super().clean() or {}
        lasts, until = cleaned.get("lasts"), cleaned.get("until")
        cleaned["expires_at"] = None
        if lasts == _DATE and until is not None:
            cleaned["expires_at"] = datetime.combine(until, time.max, UTC)
        elif lasts == _DATE and "until" not in self.errors:
            self.add_error("until", "Choose the last day.")
        elif lasts in _DAYS:
            cleaned["expires_at"] = timezone.now() + timedelta(days=int(lasts))
        return cleaned

    def refuse(self, error: InvalidDefinitionError) -> None:
        """Show what `create_token` has refused at its field."""
        fields = {"$.name": "name", "$.scope": "scope", "$.expires_at": "until"}
        for problem in error.problems:
            field = fields.get(problem.path)
            self.add_error(field, f"It {problem.message}." if field else f"{problem.message.capitalize()}.")
