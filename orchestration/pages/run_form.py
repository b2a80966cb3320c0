"""The form that starts a run."""

from __future__ import annotations

import json
import secrets
from typing import Final

from django import forms

from orchestration.engine.errors import InvalidDefinitionError
from orchestration.engine.masking import redact
from orchestration.models import Tree

from .parameters_field import ParametersField

_SHOWN_PROBLEMS: Final = 20


class RunForm(forms.Form):
    """Parameters, and a key that makes a second click start nothing."""

    parameters = ParametersField()
    key = forms.RegexField(r"\A[\w-]{8,64}\Z", required=False, error_messages={"invalid": "Reload the page."})

    def refuse(self, error: InvalidDefinitionError) -> None:
        """Show what `start_run` has refused: parameters at their field, the rest above the form."""
        for problem in error.problems[:_SHOWN_PROBLEMS]:
            field = "parameters" if problem.path.startswith("$.parameters") else None
            self.add_error(field, str(problem))


def new_key() -> str:
    """Return a fresh key for one showing of the form."""
    return secrets.token_urlsafe(16)


def defaults(tree: Tree, *, with_secrets: bool) -> str:
    """Return the parameters that a tree's schema gives defaults for, as JSON text to start from.

    Without secrets, those that are some are left out: a start takes them by itself.
    """
    properties = (tree.parameters or {}).get("properties")
    parts = properties if isinstance(properties, dict) else {}
    values = {name: part["default"] for name, part in parts.items() if isinstance(part, dict) and "default" in part}
    if not with_secrets:
        shown = redact(values)
        values = {name: value for name, value in values.items() if shown[name] == value}
    return json.dumps(values, indent=2, ensure_ascii=False)
