"""The form of what an installation decides about an executor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from django import forms
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import Group

from orchestration.actions.executors import decide
from orchestration.actions.seen_forms import SeenForm
from orchestration.engine.errors import InvalidDefinitionError, Problem
from orchestration.engine.retry import BACKOFFS, RetryPolicy
from orchestration.models import ExecutorConfig

from .json_fields import StrictJSONField

_MOST: Final = 1_000_000
_LONGEST_SECONDS: Final = 31_536_000
_RETRY: Final = ("max_attempts", "backoff", "base_seconds", "cap_seconds", "jitter")
_DEFAULT: Final = RetryPolicy()


def _count(label: str, help_text: str) -> forms.IntegerField:
    return forms.IntegerField(label=label, required=False, min_value=1, max_value=_MOST, help_text=help_text)


def _seconds(label: str, help_text: str = "", *, required: bool = False, least: float = 0.001) -> forms.FloatField:
    return forms.FloatField(
        label=label,
        required=required,
        help_text=help_text,
        min_value=least,
        max_value=_LONGEST_SECONDS,
        widget=forms.NumberInput(attrs={"step": "any"}),
    )


class DecisionsForm(SeenForm, forms.Form):
    """All decisions about one executor. What is empty is no limit, and no default."""

    enabled = forms.BooleanField(
        label="On", required=False, help_text="Off makes every task of it fail at its start, saying so."
    )
    allowed_groups = forms.ModelMultipleChoiceField(
        Group.objects.order_by("name"),
        label="Who may use it",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None ticked: everybody. Administrators always may.",
    )
    max_concurrency = _count("At a time", "Attempts that run at the same time, over all workers.")
    rate_count = _count("Starts", "How many attempts may start in the time below, over all workers.")
    rate_seconds = _seconds("in seconds", required=True)
    default_timeout_seconds = _seconds("Timeout in seconds", "Of each attempt, for tasks without a timeout.")
    retry_max_attempts = forms.IntegerField(
        label="Attempts",
        required=False,
        min_value=1,
        max_value=100,
        help_text="The first one included, for tasks that have no retry policy of their own. Empty: no default.",
    )
    retry_backoff = forms.ChoiceField(label="Backoff", choices=[(word, word) for word in BACKOFFS])
    retry_base_seconds = _seconds("First delay in seconds", required=True, least=0)
    retry_cap_seconds = _seconds("Longest delay in seconds", required=True, least=0)
    retry_jitter = forms.FloatField(
        label="Jitter",
        min_value=0,
        max_value=1,
        widget=forms.NumberInput(attrs={"step": "any"}),
        help_text="The share of a delay, 0 to 1, that chance adds or takes away.",
    )
    default_params = StrictJSONField(
        empty={}, label="Params", help_text="A JSON object; a task's own params go before these."
    )
    breaker_failures = _count(
        "Opens after", "Failures in a row, over all workers, after which nothing starts for a while. Empty: no breaker."
    )
    breaker_seconds = _seconds("Tried again after seconds", "One task then decides for all.", required=True)

    GROUPS: Final = (
        ("Use", ("enabled", "allowed_groups")),
        ("Limits", ("max_concurrency", "rate_count", "rate_seconds")),
        ("Circuit breaker", ("breaker_failures", "breaker_seconds")),
        (
            "Defaults for tasks that say nothing themselves",
            ("default_timeout_seconds", *(f"retry_{name}" for name in _RETRY), "default_params"),
        ),
    )

    def __init__(self, config: ExecutorConfig, data: Any = None) -> None:
        self._config = config
        super().__init__(data, initial=_initial(config), prefix="decide")

    def groups(self) -> Iterator[tuple[str, list[forms.BoundField]]]:
        """Yield the fields under their headings."""
        for heading, names in self.GROUPS:
            yield heading, [self[name] for name in names]

    def save(self, user: AbstractBaseUser) -> bool:
        """Decide; False when something is wrong, which then stands beside its field."""
        if not self.is_valid():
            return False
        values = dict(self.cleaned_data)
        retry = {name: values.pop(f"retry_{name}") for name in _RETRY}
        values["default_retry"] = retry if retry["max_attempts"] is not None else None
        values["allowed_groups"] = [group.name for group in values["allowed_groups"]]
        try:
            decide(self._config.executor, values, user)
        except InvalidDefinitionError as error:
            for problem in error.problems:
                self.add_error(_field_of(problem), problem.message)
            return False
        return True


def _field_of(problem: Problem) -> str | None:
    name, _, inner = problem.path.removeprefix("$.").replace("[", ".").partition(".")
    field = f"retry_{inner}" if name == "default_retry" else name
    return field if field in DecisionsForm.base_fields else None


def _initial(config: ExecutorConfig) -> dict[str, Any]:
    retry = config.default_retry or {}
    initial = {f"retry_{name}": retry.get(name, getattr(_DEFAULT, name)) for name in _RETRY}
    initial["retry_max_attempts"] = retry.get("max_attempts")
    names = [name for name in DecisionsForm.base_fields if not name.startswith("retry_") and name != "allowed_groups"]
    groups = [] if config.pk is None else list(config.allowed_groups.all())
    return initial | {name: getattr(config, name) for name in names} | {"allowed_groups": groups}
