"""The form of a schedule, and the reading of its times for a preview."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from orchestration.access import Actor, rules
from orchestration.actions.schedules import MAX_JITTER_SECONDS
from orchestration.actions.seen_forms import SeenForm
from orchestration.engine.definition import MAX_NAME_CHARS, PRIORITIES
from orchestration.engine.errors import InvalidDefinitionError
from orchestration.engine.json_values import encode
from orchestration.engine.schedule_due import MAX_CATCH_UP
from orchestration.engine.schedule_timing import MAX_EXPRESSION_CHARS, in_utc, zone_names
from orchestration.models import Schedule
from orchestration.models.definition import priority_field

from .parameters_field import ParametersField

#: How a date and a time of a zone are written.
LOCAL_INPUT: Final = forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"})
_PRIORITY_CHOICES: Final = priority_field().get_choices(include_blank=False)
_SHOWN_PROBLEMS: Final = 20


class ScheduleForm(SeenForm, forms.Form):
    """A schedule. Start and end are written in its own time zone."""

    name = forms.CharField(max_length=MAX_NAME_CHARS)
    kind = forms.ChoiceField(choices=Schedule.Kind.choices, initial="daily")
    expression = forms.CharField(max_length=MAX_EXPRESSION_CHARS, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    timezone = forms.CharField(
        max_length=64, initial="UTC", widget=forms.TextInput(attrs={"list": "zones", "autocomplete": "off"})
    )
    starts_at = forms.CharField(required=False, widget=LOCAL_INPUT)
    ends_at = forms.CharField(required=False, widget=LOCAL_INPUT)
    max_runs = forms.IntegerField(required=False, min_value=1, max_value=2**31 - 1)
    parameters = ParametersField(widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}))
    priority = forms.TypedChoiceField(choices=_PRIORITY_CHOICES, coerce=int, initial=PRIORITIES[2])
    overlap = forms.ChoiceField(choices=Schedule.Overlap.choices, initial=Schedule.Overlap.SKIP)
    misfire = forms.ChoiceField(choices=Schedule.Misfire.choices, initial=Schedule.Misfire.ONCE)
    catch_up = forms.IntegerField(min_value=1, max_value=MAX_CATCH_UP, initial=1)
    jitter_seconds = forms.IntegerField(min_value=0, max_value=MAX_JITTER_SECONDS, initial=0)

    def __init__(self, actor: Actor, data: Any = None, schedule: Schedule | None = None, tree: Any = None) -> None:
        self._is_new = schedule is None
        super().__init__(data, initial=_initial(schedule) if schedule else {"tree": tree})
        if schedule is None:
            trees = rules.trees_of(actor).current().order_by("name", "id")
            self.fields["tree"] = forms.ModelChoiceField(trees, empty_label="Choose a tree")
            self.fields["enabled"] = forms.BooleanField(required=False, initial=True)
        for name in self.errors.keys() & self.fields.keys():
            self.fields[name].widget.attrs["aria-invalid"] = "true"

    def is_of_stored(self) -> bool:
        """Tell whether the schedule is stored."""
        return not self._is_new

    def clean(self) -> dict[str, Any]:
        """Read start and end in the schedule's zone."""
        cleaned = super().clean() or {}
        for name in ("starts_at", "ends_at"):
            try:
                cleaned[name] = read_local(cleaned.get(name) or "", cleaned.get("timezone", ""))
            except ValueError:
                self.add_error(name, "Write a date and a time.")
        return cleaned

    def values(self) -> dict[str, Any]:
        """Return what is saved, without the tree and whether it is on."""
        return {name: value for name, value in self.cleaned_data.items() if name not in ("tree", "enabled")}

    def refuse(self, error: InvalidDefinitionError) -> None:
        """Show what an action has refused at its field."""
        for problem in error.problems[:_SHOWN_PROBLEMS]:
            name = problem.path.removeprefix("$.").partition(".")[0].partition("[")[0]
            said = str(problem) if name == "parameters" else f"It {problem.message}."
            self.add_error(name if name in self.fields else None, said)


def _initial(schedule: Schedule) -> dict[str, Any]:
    names = ("name", "kind", "expression", "timezone", "max_runs", "priority", "overlap", "misfire", "catch_up")
    return {name: getattr(schedule, name) for name in names} | {
        "jitter_seconds": schedule.jitter_seconds,
        "parameters": encode(schedule.parameters) if schedule.parameters else "",
        "starts_at": _local(schedule.starts_at, schedule.timezone),
        "ends_at": _local(schedule.ends_at, schedule.timezone),
    }


def _local(moment: datetime | None, zone: str) -> str:
    if moment is None:
        return ""
    return moment.astimezone(ZoneInfo(zone if zone in zone_names() else "UTC")).strftime("%Y-%m-%dT%H:%M:%S")


def read_local(text: str, zone: str) -> datetime | None:
    """Read a date and a time of a zone; nothing when there is none, or no such zone. Raises ValueError."""
    if not text.strip() or zone not in zone_names():
        return None
    written = datetime.fromisoformat(text.strip())
    if not 1970 <= written.year <= 9_900:
        raise ValueError("is out of range")
    return in_utc(written.replace(tzinfo=ZoneInfo(zone)))


def times_of(query: QueryDict) -> dict[str, Any]:
    """Read what decides when, of a form that is being filled in. Raises ValueError, which says what is wrong."""
    zone = query.get("timezone", "")[:64]
    try:
        bounds = {name: read_local(query.get(name, "")[:64], zone) for name in ("starts_at", "ends_at")}
    except ValueError as error:
        raise ValueError("The start and the end are a date and a time.") from error
    try:
        max_runs = ScheduleForm.base_fields["max_runs"].clean(query.get("max_runs", "")[:64])
    except ValidationError as error:
        raise ValueError("“Runs at most” is a number from 1 on, or empty.") from error
    expression = query.get("expression", "")[: MAX_EXPRESSION_CHARS + 1].strip()
    kind = query.get("kind", "")
    return {"kind": kind, "expression": expression, "timezone": zone, "max_runs": max_runs, **bounds}
