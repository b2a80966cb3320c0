"""The field of forms in which the parameters of a run are written."""

from __future__ import annotations

from typing import Any, Final

from django import forms

from orchestration.engine.errors import NotStorableError
from orchestration.engine.json_values import parse_document

MAX_PARAMETER_BYTES: Final = 1024**2


class ParametersField(forms.CharField):
    """One JSON object as text; nothing written is an empty one."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, strip=False, **options)

    def clean(self, value: Any) -> dict[str, Any]:
        """Read the object."""
        text = super().clean(value)
        if not text.strip():
            return {}
        try:
            parameters = parse_document(text, MAX_PARAMETER_BYTES)
        except NotStorableError as error:
            raise forms.ValidationError(str(error)) from error
        if not isinstance(parameters, dict):
            raise forms.ValidationError('The parameters must be one JSON object, such as {"name": "value"}.')
        return parameters
