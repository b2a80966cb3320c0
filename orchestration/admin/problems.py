"""What is wrong with what was sent, at the fields of its form."""

from __future__ import annotations

from collections.abc import Sequence

from django import forms

from orchestration.engine.errors import Problem


def add_problems(form: forms.BaseForm, problems: Sequence[Problem]) -> None:
    """Show problems at their fields."""
    for problem in problems:
        field, _, place = problem.path.removeprefix("$.").partition(".")
        field = field.partition("[")[0]
        text = f"{place}: {problem.message}" if place else problem.message
        form.add_error(field if field in form.fields else None, text)
