"""Numbers in forms within the bounds of the one validator, with what is wrong beside its field."""

from __future__ import annotations

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator


def bound(form: forms.BaseForm, name: str, least: float, most: float) -> None:
    """Let a number of a form be `least` to `most`; a field that is only shown to this person is left out."""
    field = form.fields.get(name)
    if field is None:
        return
    # In place of the bounds of the column, whose constraint has no words for people.
    field.validators = [MinValueValidator(least), MaxValueValidator(most)]
    field.widget.attrs |= {"min": least, "max": most}
