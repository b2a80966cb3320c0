"""JSON columns in admin forms: text in, strict JSON out."""

from __future__ import annotations

import json
from typing import Any

from django import forms

from orchestration.engine.definition import MAX_DOCUMENT_BYTES
from orchestration.engine.errors import NotStorableError
from orchestration.engine.json_values import JSONValue, parse_document


class StrictJSONField(forms.CharField):
    """A text area for JSON which refuses what the database can't hold (NaN, NUL, …) and says where it stands.

    `empty` is the value of an empty text: `{}` for columns that always hold an object, None for those that may be NULL.
    """

    widget = forms.Textarea(attrs={"rows": 8, "cols": 80, "class": "vLargeTextField json-text", "spellcheck": "false"})

    def __init__(self, *, empty: JSONValue = None, must_be_object: bool = True, **options: Any) -> None:
        self.empty = empty
        self.must_be_object = must_be_object
        super().__init__(required=False, strip=False, **options)
        # NUL is refused by the parser, with its place.
        self.validators = []

    def prepare_value(self, value: Any) -> Any:
        """Show stored JSON as indented text; what was typed stays as it was typed."""
        if value is None or isinstance(value, str):
            return value or ""
        return json.dumps(value, indent=2, ensure_ascii=False)

    def to_python(self, value: Any) -> Any:
        """Parse the text."""
        text = super().to_python(value) or ""
        if not text.strip():
            return self.empty
        try:
            parsed = parse_document(text, MAX_DOCUMENT_BYTES)
        except NotStorableError as error:
            raise forms.ValidationError(str(error), code="json") from error
        if self.must_be_object and not isinstance(parsed, dict):
            raise forms.ValidationError('This must be a JSON object, such as {"name": "value"}.', code="object")
        return parsed

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare values, not texts."""
        try:
            return bool(self.to_python(data) != initial)
        except forms.ValidationError:
            return True


def object_field(label: str, help_text: str = "") -> StrictJSONField:
    """Build the field of a column that always holds an object."""
    return StrictJSONField(empty={}, label=label, help_text=help_text)


def nullable_field(label: str, help_text: str = "") -> StrictJSONField:
    """Build the field of a column that holds an object or NULL."""
    return StrictJSONField(empty=None, label=label, help_text=help_text)
