"""The form of an HTTP executor: every mistake stands beside its field, with its place in it."""

from __future__ import annotations

import json
import re
from typing import Any, Final, cast

from django import forms

from orchestration.actions.http_executors import FIELDS, id_problems
from orchestration.engine.definition import MAX_DOCUMENT_BYTES
from orchestration.engine.errors import NotStorableError, Problem
from orchestration.engine.json_values import parse_document
from orchestration.executors.support.http_checks import definition_problems
from orchestration.models import HttpExecutor

from .json_fields import StrictJSONField, object_field
from .turns import SeenModelForm

_PLACE: Final = re.compile(r"\$\.(?P<field>\w+)(?P<rest>.*)", re.DOTALL)
#: How a message begins that is said of the field itself.
_VERBS: Final = frozenset({"must", "has", "is", "uses", "ends", "names", "may"})
_TEXT: Final = {"cols": 80, "class": "vLargeTextField json-text", "spellcheck": "false"}


class BodyField(forms.CharField):
    """A body as people write it: JSON, or text as it is. Which of them is known when the kind is."""

    widget = forms.Textarea(attrs={"rows": 8, **_TEXT})

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, strip=False, **options)
        # NUL is refused with its place.
        self.validators = []

    def to_python(self, value: Any) -> str:
        """Undo what browsers do to the ends of lines."""
        return str(super().to_python(value) or "").replace("\r\n", "\n")

    def prepare_value(self, value: Any) -> Any:
        """Show a stored body; what was typed stays as it was typed."""
        if value is None or isinstance(value, str):
            return value or ""
        return json.dumps(value, indent=2, ensure_ascii=False)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare what is meant: of JSON its values, of text every character."""
        text = self.to_python(data)
        if isinstance(initial, str | None):
            return text != (initial or "")
        try:
            return bool(json.loads(text) != initial)
        except ValueError:
            return True


class HttpExecutorForm(SeenModelForm[HttpExecutor]):
    """Everything about an HTTP executor, and inputs to show its request with."""

    query = object_field("Query", 'Fields of the query, such as {"page": "{{ inputs.page }}"}. Null leaves one out.')
    headers = object_field("Headers", 'Such as {"Authorization": "Bearer {{ secrets.NAME }}"}. Null leaves one out.')
    body = BodyField(
        label="Body",
        help_text="JSON; for a form a JSON object of its fields; for text the text. An expression that stands alone in "
        'a text of JSON keeps its type: {"id": "{{ inputs.id }}"}.',
    )
    input_schema = object_field(
        "Input schema",
        "A JSON Schema of an object. Tasks are checked by it, and the form of their inputs is made of it.",
    )
    result = StrictJSONField(
        empty=None,
        must_be_object=False,
        label="Result",
        help_text='JSON with expressions over status, headers, body and inputs, such as {"id": "{{ body.id }}"}. '
        "Empty keeps the whole answer.",
    )
    examples = StrictJSONField(
        empty=[],
        must_be_object=False,
        label="Examples",
        help_text='A list of inputs, such as [{"id": 42}]. The first is what a new task begins with.',
    )
    idempotent = forms.NullBooleanField(
        label="May be sent twice",
        help_text="Of the methods, GET, HEAD, PUT and DELETE may, POST and PATCH may not. What may not is never sent "
        "again when nobody knows what became of it.",
    )
    preview_inputs = StrictJSONField(
        empty=None,
        label="Inputs",
        help_text="Empty takes the first example.",
        widget=forms.Textarea(attrs={"rows": 4, **_TEXT}),
    )

    class Meta:
        model = HttpExecutor
        fields = ("executor", *FIELDS)
        widgets = {
            "url": forms.Textarea(attrs={"rows": 2, **_TEXT}),
            "description": forms.Textarea(attrs={"rows": 3, "cols": 80, "class": "vLargeTextField"}),
        }
        help_texts = {
            "executor": "How tasks name it, such as crm_note. It can't be changed.",
            "name": "Shown to people; the id where it is empty.",
            "enabled": "Switched off, it is gone from the palette, and tasks that name it fail.",
            "url": "Scheme and host are written out; values are percent-encoded: "
            "https://crm.example.org/people/{{ inputs.person }}",
            "success": "Status codes, such as 2xx or 200-204, 404.",
            "timeout_seconds": "For everything, from the look-up of the name to the last byte.",
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name, rows in (("query", 3), ("headers", 4), ("examples", 4), ("result", 5)):
            self.fields[name].widget.attrs["rows"] = rows
        ways = [("unknown", "As the method is"), ("true", "Yes"), ("false", "No")]
        cast(forms.NullBooleanField, self.fields["idempotent"]).widget.choices = ways

    def clean_examples(self) -> Any:
        """Refuse what is no list."""
        examples = self.cleaned_data["examples"]
        if not isinstance(examples, list):
            raise forms.ValidationError('This must be a list of inputs, such as [{"id": 42}].')
        return examples

    def clean(self) -> dict[str, Any]:
        """Check the definition as a whole."""
        cleaned = super().clean() or {}
        self._read_body(cleaned)
        if self.errors:
            return cleaned
        executor = cleaned.get("executor") or self.instance.executor
        defined = HttpExecutor(executor=executor, **{name: cleaned[name] for name in FIELDS})
        is_new = self.instance._state.adding
        for problem in [*(id_problems(executor) if is_new else []), *definition_problems(defined.definition)]:
            self._add_problem(problem)
        return cleaned

    def _read_body(self, cleaned: dict[str, Any]) -> None:
        kind, text = cleaned.get("body_kind"), cleaned.get("body", "")
        if kind == HttpExecutor.BodyKind.TEXT:
            return
        try:
            cleaned["body"] = parse_document(text, MAX_DOCUMENT_BYTES) if text.strip() else None
        except NotStorableError as error:
            self.add_error("body", str(error))

    def _add_problem(self, problem: Problem) -> None:
        place = _PLACE.match(problem.path)
        field = place["field"] if place else ""
        rest = place["rest"].lstrip(".") if place else ""
        field = "executor" if field == "id" else field
        text = f"{rest}: {problem.message}" if rest else _sentence(problem.message)
        self.add_error(field if field in self.fields else None, text)

    def validate_unique(self) -> None:
        """Leave it to `id_problems`, which says it once and says more."""


def _sentence(message: str) -> str:
    return f"This {message}." if message.partition(" ")[0] in _VERBS else f"{message[:1].upper()}{message[1:]}."
