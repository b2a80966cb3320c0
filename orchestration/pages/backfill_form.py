"""The form of a backfill: a span of the past, written as the clocks of the schedule's zone show it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms

from orchestration.actions.backfills import BackfillPlan, plan_backfill
from orchestration.engine.errors import InvalidDefinitionError
from orchestration.models import Schedule
from orchestration.models.backfill import MAX_AT_ONCE

from .schedule_form import LOCAL_INPUT, read_local


class BackfillForm(forms.Form):
    """What is to be made up for."""

    since = forms.CharField(widget=LOCAL_INPUT)
    until = forms.CharField(widget=LOCAL_INPUT)
    at_once = forms.IntegerField(min_value=1, max_value=MAX_AT_ONCE, initial=1)
    again = forms.BooleanField(required=False)

    def __init__(self, schedule: Schedule, data: Any = None) -> None:
        self._schedule = schedule
        super().__init__(data)
        for name in self.errors if self.is_bound else ():
            self.fields[name].widget.attrs["aria-invalid"] = "true"

    def clean(self) -> dict[str, Any]:
        """Read both ends in the schedule's zone."""
        cleaned = super().clean() or {}
        for name in ("since", "until"):
            if cleaned.get(name):
                try:
                    cleaned[name] = self._read(cleaned[name])
                except ValueError:
                    self.add_error(name, "Write a date and a time.")
        return cleaned

    def _read(self, text: str) -> datetime:
        moment = read_local(text, self._schedule.timezone)
        if moment is None:
            raise ValueError("is no time of the schedule's zone")
        return moment

    def plan(self) -> BackfillPlan:
        """Look what it would run. Raises InvalidDefinitionError; the form is valid."""
        values = self.cleaned_data
        return plan_backfill(self._schedule, values["since"], values["until"], again=values["again"])

    def refuse(self, error: InvalidDefinitionError) -> None:
        """Show what an action has refused at its field."""
        for problem in error.problems:
            name = problem.path.removeprefix("$.")
            self.add_error(name if name in self.fields else None, problem_words(name, problem.message))


def problem_words(name: str, message: str) -> str:
    """Return what is wrong as a sentence; of what is no field of the form the name is said."""
    return f"It {message}." if name in ("since", "until", "at_once", "schedule") else f"{name}: {message}"
