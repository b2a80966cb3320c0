"""Forms that overwrite nothing unseen: what somebody else has saved since a form was drawn is told, and not lost.

A form sends along a mark of each value that it was drawn with. When a value is another one by now, nothing is saved:
the form comes back as it was typed, says what is stored, and, saved once more, overwrites it knowingly. A form that is
sent without marks, by a program, overwrites as it always did.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.db.models import Model

if TYPE_CHECKING:
    _Base = forms.BaseForm
else:
    _Base = object

SEEN: Final = "seen"
_MARK_CHARS: Final = 12
_SHOWN_CHARS: Final = 80


class SeenField(forms.CharField):
    """The marks, as JSON: `{"name": "9f86d081884c"}`."""

    widget = forms.HiddenInput

    def has_changed(self, initial: Any, data: Any) -> bool:
        """They are no change of what is stored."""
        return False


class SeenForm(_Base):
    """A form of something stored, whose values are its `initial`."""

    #: False while a form is only looked at, and not saved.
    refuses_stale: bool = True

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._stored: dict[str, Any] = {}
        if self.is_of_stored():
            self._stored = self.stored()
            self.fields[SEEN] = SeenField(required=False, initial=json.dumps(_marks(self._stored)))

    def is_of_stored(self) -> bool:
        """Tell whether there is something that could be overwritten."""
        return True

    def stored(self) -> dict[str, Any]:
        """Return what a save could overwrite: the values of fields, and of what is edited beside them by its name."""
        return {
            name: self.initial[name]
            for name, field in self.fields.items()
            if name in self.initial and not field.disabled
        }

    def clean(self) -> dict[str, Any]:
        """Refuse to overwrite what was not seen."""
        cleaned: dict[str, Any] = super().clean() or {}
        seen, now = _read(cleaned.pop(SEEN, "")), _marks(self._stored)
        changed = [name for name, mark in now.items() if seen.get(name, mark) != mark]
        if changed and self.refuses_stale:
            # Shown again, it is drawn with what is stored now.
            self.data = self.data.copy()  # type: ignore[attr-defined]  # a QueryDict, or a dict
            self.data[self.add_prefix(SEEN)] = json.dumps(now)  # type: ignore[index]  # a copy can be changed
            self.add_error(None, self._told(changed))
        return cleaned

    def _told(self, changed: list[str]) -> str:
        now = "; ".join(f"{self._label(name)} is {self._words(name)}" for name in changed)
        return (
            f"Nothing is saved: somebody else has changed this since you opened it. Now {now}. What you typed is still "
            "here; save it again to overwrite theirs, or load the page again to begin with what is stored."
        )

    def _label(self, name: str) -> str:
        return str(self[name].label) if name in self.fields else name

    def _words(self, name: str) -> str:
        """Say in words what is stored in a field."""
        value, field = self._stored[name], self.fields.get(name)
        if isinstance(value, bool):
            return "on" if value else "off"
        if isinstance(field, forms.ModelMultipleChoiceField):
            value = ", ".join(str(row) for row in value)
        elif isinstance(field, forms.ModelChoiceField):
            value = None if value is None or field.queryset is None else field.queryset.filter(pk=value).first()
        elif isinstance(value, dict | list):
            value = json.dumps(value, ensure_ascii=False, default=str) if value else ""
        text = "" if value is None else str(value)
        return f"“{text[:_SHOWN_CHARS]}{'…' * (len(text) > _SHOWN_CHARS)}”" if text else "empty"


def _marks(values: dict[str, Any]) -> dict[str, str]:
    return {name: _mark(value) for name, value in values.items()}


def _mark(value: Any) -> str:
    if isinstance(value, list | tuple) and any(isinstance(row, Model) for row in value):
        value = sorted(str(row.pk) for row in value)
    text = json.dumps(value, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:_MARK_CHARS]


def _read(text: str) -> dict[str, Any]:
    """Read marks that came back; what can't be read is none."""
    try:
        seen = json.loads(text)
    except ValueError:
        return {}
    return seen if isinstance(seen, dict) else {}
