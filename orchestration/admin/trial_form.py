"""A form made from an executor's input schema: plain values by fields, everything else as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from django import forms

from orchestration.engine.errors import Problem
from orchestration.engine.schema_table import plain_part, type_words

from .json_fields import StrictJSONField

#: Texts longer than this are given room.
_LONG_CHARS: Final = 200
_NO_CHOICE: Final = [("", "—")]


class TrialForm(forms.Form):
    """Inputs of one attempt. What is left empty is left out; `raw`, when it is filled in, is taken instead."""

    raw = StrictJSONField(
        empty=None,
        label="Or all inputs as JSON",
        help_text="Taken instead of the fields, when there is something in it.",
    )

    def __init__(self, schema: Any, example: Any, data: Any = None) -> None:
        super().__init__(data, prefix="try")
        root = schema if isinstance(schema, dict) else {}
        properties = root.get("properties")
        required = root.get("required") or ()
        given = example if isinstance(example, dict) else {}
        self._names: dict[str, str] = {}
        fields = {}
        for index, (name, said) in enumerate((properties if isinstance(properties, dict) else {}).items()):
            part = plain_part(said, root)
            field = _field(part, type_words(said, root))
            field.label = name + (" (required)" if name in required else "")
            field.help_text = str(part.get("description", ""))
            field.initial = given[name] if name in given else _initial(part)
            field.required = False  # what is missing, the validator says
            fields[f"input_{index}"] = field
            self._names[f"input_{index}"] = name
        self.fields = {**fields, **self.fields}
        if not fields:
            self.fields["raw"].label = "Inputs as JSON"
            self.fields["raw"].help_text = "It declares none: any JSON object."
            self.fields["raw"].initial = given or None

    def inputs(self) -> dict[str, Any]:
        """Return what was filled in; the form is valid."""
        raw = self.cleaned_data["raw"]
        if raw is not None:
            return dict(raw)
        found = {name: self.cleaned_data[field] for field, name in self._names.items()}
        return {name: value for name, value in found.items() if value is not None and value != ""}

    def show(self, problem: Problem) -> None:
        """Put a mistake beside its field; of what came as JSON, beside that, with its place."""
        fields = {f"$.inputs.{name}": field for field, name in self._names.items()}
        inner = [path for path in fields if problem.path == path or problem.path.startswith((f"{path}.", f"{path}["))]
        if self.cleaned_data.get("raw") is not None or not inner:
            place = "raw" if self.data.get(self.add_prefix("raw")) else None
            self.add_error(place, f"{problem.path}: {problem.message}")
            return
        path = max(inner, key=len)
        where = problem.path.removeprefix(path)
        self.add_error(fields[path], f"{where}: {problem.message}" if where else problem.message)


def _field(part: dict[str, Any], words: str) -> forms.Field:
    if isinstance(part.get("enum"), list):
        return _EnumField(part["enum"])
    make = _FIELDS.get(str(part.get("type")))
    if make is None or " or " in words:
        return StrictJSONField(empty=None, must_be_object=False)
    return make(part)


class _EnumField(forms.TypedChoiceField):
    """One of some JSON values, which travel by their number."""

    def __init__(self, values: list[Any]) -> None:
        self._values = values
        choices = [(str(index), _shown(value)) for index, value in enumerate(values)]
        super().__init__(choices=[*_NO_CHOICE, *choices], coerce=lambda index: values[int(index)], empty_value=None)

    def prepare_value(self, value: Any) -> Any:
        """Show a value by its number."""
        return str(self._values.index(value)) if value in self._values else value


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _text(part: dict[str, Any]) -> forms.Field:
    is_long = (part.get("maxLength") or _LONG_CHARS + 1) > _LONG_CHARS
    rows = forms.Textarea(attrs={"rows": 2, "class": "vLargeTextField", "spellcheck": "false"})
    return forms.CharField(strip=False, widget=rows if is_long else forms.TextInput(attrs={"class": "vTextField"}))


def _number(part: dict[str, Any]) -> forms.Field:
    return forms.FloatField(widget=forms.NumberInput(attrs={"step": "any"}))


def _flag(part: dict[str, Any]) -> forms.Field:
    choices = [("", "—"), ("true", "yes"), ("false", "no")]
    field = forms.TypedChoiceField(choices=choices, coerce=lambda word: word == "true", empty_value=None)
    field.prepare_value = lambda value: {True: "true", False: "false"}.get(value, value)  # type: ignore[method-assign]
    return field


def _initial(part: dict[str, Any]) -> Any:
    return part.get("default") or None if part.get("type") in ("array", "object") else part.get("default")


_FIELDS: Final[dict[str, Callable[[dict[str, Any]], forms.Field]]] = {
    "string": _text,
    "integer": lambda part: forms.IntegerField(),
    "number": _number,
    "boolean": _flag,
}
