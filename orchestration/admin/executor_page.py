"""One executor: what its author says, how it did lately, what is decided, who uses it, and a trial."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, Self
from uuid import UUID

from django.urls import reverse
from django.utils.http import urlencode

from orchestration.access import Actor, rules
from orchestration.access.shown import shown_value
from orchestration.actions import executor_catalogue as catalogue
from orchestration.actions.executor_trials import try_executor
from orchestration.actions.executors import decisions_of
from orchestration.engine import durations
from orchestration.engine.errors import InvalidDefinitionError
from orchestration.engine.registry import ExecutorSpec, default_registry
from orchestration.engine.schema_table import schema_fields
from orchestration.engine.status import ACTIVE
from orchestration.models import ExecutorConfig, HttpExecutor, Run, Task
from orchestration.store.executor_usage import read_usage, usage_days

from .audit_links import trail_url
from .executor_forms import DecisionsForm
from .sparkline import sparkline
from .trial_form import TrialForm

#: Trees that are named; what is over it is counted.
_MOST_TREES: Final = 20
#: Characters of a result that are shown.
_RESULT_CHARS: Final = 20_000


class ExecutorPage:
    """The page of an executor, as one person sees it."""

    def __init__(self, executor: str, actor: Actor, spec: ExecutorSpec | None, config: ExecutorConfig) -> None:
        self.executor, self.actor, self.spec, self.config = executor, actor, spec, config
        self.is_offered = executor in catalogue.offered()
        self.decisions = DecisionsForm(config)
        self.may_try = spec is not None and rules.may_try_executor(actor, executor)
        self.trial: TrialForm | None = self._trial_form() if self.may_try else None

    @classmethod
    def find(cls, executor: str, actor: Actor) -> Self | None:
        """Return the page of an executor that is known; None when there is no such thing."""
        if not catalogue.is_known(executor):
            return None
        config = catalogue.configs().get(executor) or ExecutorConfig(executor=executor)
        return cls(executor, actor, default_registry.find(executor), config)

    @property
    def title(self) -> str:
        """Its name for people."""
        return self.spec.name if self.spec else self.executor

    def start_trial(self, data: Any) -> Run | None:
        """Run it once with what was filled in; None when something is wrong, which then stands beside its field."""
        self.trial = self._trial_form(data)
        if not self.trial.is_valid():
            return None
        try:
            return try_executor(self.executor, self.trial.inputs(), user=self.actor.user)
        except InvalidDefinitionError as error:
            for problem in error.problems:
                self.trial.show(problem)
            return None

    def context(self, query: Mapping[str, str]) -> dict[str, Any]:
        """Return what the page shows."""
        usage = read_usage(self.executor)
        tried = self._trial_run(query.get("run", ""))
        if tried and self.trial and not self.trial.is_bound:
            self.trial = self._trial_form(example=shown_value(self.actor, tried["task"].inputs))
        return {
            "page": self,
            "spec": self.spec,
            "config": self.config,
            "origin": self.spec.origin if self.spec else catalogue.ELSEWHERE,
            "usage": usage,
            "percent_failed": None if usage.error_rate is None else usage.error_rate * 100,
            "p50": _in_words(usage.p50_seconds),
            "p95": _in_words(usage.p95_seconds),
            "spark": sparkline(usage, usage_days()),
            "may_decide": rules.may_decide_about_executors(self.actor),
            "trial_run": tried,
            "definition_url": self._definition_url(),
            **self._said(),
            **self._decided(),
            **self._used_by(),
        }

    def _definition_url(self) -> str | None:
        """Where an executor that was made here is changed, for those who may."""
        if not rules.may_make_executors(self.actor):
            return None
        pk = HttpExecutor.objects.filter(executor=self.executor).values_list("pk", flat=True).first()
        return None if pk is None else reverse("admin:orchestration_httpexecutor_change", args=[pk])

    def _trial_form(self, data: Any = None, example: Any = None) -> TrialForm:
        if self.spec is None:
            return TrialForm({}, example, data)
        return TrialForm(catalogue.input_schema(self.spec), example or catalogue.example_inputs(self.spec), data)

    def _said(self) -> dict[str, Any]:
        if self.spec is None:
            return {}
        example = catalogue.example_inputs(self.spec)
        return {
            "docs": catalogue.docs(self.spec) or self.spec.description,
            "source": catalogue.source(self.spec),
            "requirements": self.spec.requirements,
            "example": None if example is None else _pretty(example),
            "tables": [
                {"name": "Inputs", "fields": schema_fields(catalogue.input_schema(self.spec))},
                {"name": "Result", "fields": schema_fields(catalogue.output_schema(self.spec))},
            ],
        }

    def _decided(self) -> dict[str, Any]:
        decided = decisions_of(self.config)
        decided["default_params"] = shown_value(self.actor, decided["default_params"])
        shown = {name: value for name, value in decided.items() if value not in (None, [], {})}
        return {"decided": [(name.replace("_", " "), value) for name, value in shown.items()]}

    def _used_by(self) -> dict[str, Any]:
        trees = rules.trees_of(self.actor).filter(pk__in=Task.objects.filter(executor=self.executor).values("tree"))
        found = list(trees.order_by("name")[: _MOST_TREES + 1])
        query = urlencode({"executor__exact": self.executor})
        return {
            "trees": found[:_MOST_TREES],
            "more_trees": len(found) > _MOST_TREES,
            "tasks_url": f"{reverse('admin:orchestration_task_changelist')}?{query}",
            "task_runs_url": f"{reverse('admin:orchestration_taskrun_changelist')}?{query}",
            "trail_url": trail_url(q=self.executor),
        }

    def _trial_run(self, pk: str) -> dict[str, Any] | None:
        try:
            run = rules.find_run(self.actor, UUID(pk))
        except ValueError:
            return None
        task = None if run is None else run.task_runs.first()
        if run is None or task is None or task.executor != self.executor:
            return None
        result = None if task.result is None else _pretty(shown_value(self.actor, task.result))[:_RESULT_CHARS]
        return {"run": run, "task": task, "is_active": run.status in ACTIVE, "result": result}


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _in_words(seconds: float | None) -> str:
    return "" if seconds is None else durations.in_words(seconds)
