"""The form of a hook: what is wrong stands beside its field."""

from __future__ import annotations

from typing import Any, Final, cast

from django import forms

from orchestration.actions.executor_catalogue import known_executors
from orchestration.actions.hook_checks import STATUSES, hook_problems, is_orphan, tree_problems
from orchestration.actions.hooks import FIELDS, OWN_FIELDS
from orchestration.engine.config import current_config
from orchestration.models import HookRegistration

from .turns import SeenModelForm

_STATUS_CHOICES: Final = [(name, name) for name in dict.fromkeys(sum(STATUSES.values(), ()))]
_TARGET_HELP: Final = (
    "module:function, such as shop.hooks:check_order; plain or async. It is called with (task) before a task, "
    "(task, inputs, result) after one, (root) when a tree is created or started, (root, status) when it completed, and "
    "(root, message) when it failed."
)
_NO_MODULES: Final = "No module is allowed yet: name those that are in APFLOW_HOOK_MODULES and restart web and workers."


class HookForm(SeenModelForm[HookRegistration]):
    """A hook. Of one that the code registers, what the code says is fixed."""

    #: The model's `every_tree`, asked where it is not plain from the trees.
    everywhere = forms.BooleanField(
        required=False,
        label="Every tree",
        help_text="The trees that it was for are deleted, so it is called for none: choose others above, or tick this.",
    )
    executors = forms.MultipleChoiceField(
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 8}),
        help_text="Tasks of these executors; none chosen means all. For hooks before and after a task.",
    )
    statuses = forms.MultipleChoiceField(
        required=False,
        choices=_STATUS_CHOICES,
        widget=forms.CheckboxSelectMultiple,
        help_text="With these outcomes; none chosen means all. For hooks after a task, and of trees that ended.",
    )

    class Meta:
        model = HookRegistration
        fields = (*FIELDS, "enabled", "trees")
        labels = {"target": "Function", "timeout_seconds": "Timeout", "slow_seconds": "Slow after"}
        help_texts = {
            "name": "How it is called in events and lists.",
            "webhook": "Instead of a function: tell this address. Its deliveries are signed and tried again.",
            "enabled": "Running workers follow within two seconds.",
            "on_error": "When it raises, takes too long, or the webhook refuses it. Only hooks before a task, "
            "after one, and of a started tree can fail something.",
            "timeout_seconds": "Seconds after which it is left behind, and counts as failed.",
            "slow_seconds": "Seconds from which on it is marked as slow. Hooks of tasks hold the task's slot.",
            "trees": "Only these trees; none chosen means all.",
            "tags": "Only trees with one of these tags, separated by commas.",
        }  # fmt: skip

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if not is_orphan(self.instance):
            self.fields.pop("everywhere", None)
        known = {*known_executors(), *self.instance.executors}
        executors = cast(forms.MultipleChoiceField, self.fields["executors"])
        executors.choices = [(name, name) for name in sorted(known)]
        if "target" in self.fields:
            allowed = current_config().hook_modules
            said = f"Allowed: {', '.join(allowed)} and what is below." if allowed else _NO_MODULES
            self.fields["target"].help_text = f"{_TARGET_HELP} {said}"
            self.fields["target"].widget.attrs |= {"spellcheck": "false", "autocapitalize": "off"}

    def values(self) -> dict[str, Any]:
        """Return what was decided of a hook's FIELDS."""
        return {name: self.cleaned_data[name] for name in FIELDS if name in self.cleaned_data}

    @property
    def every_tree(self) -> bool | None:
        """What was said about it, where it was asked."""
        return self.cleaned_data.get("everywhere")

    def clean(self) -> dict[str, Any]:
        """Say of each field what is wrong with it."""
        cleaned = super().clean() or {}
        # A copy: nothing of what may be wrong gets into the row that is shown again.
        tried = HookRegistration(origin=self.instance.origin)
        for name in (*FIELDS, *(f"{name}_id" for name in ("webhook",))):
            setattr(tried, name, getattr(self.instance, name))
        for name, value in self.values().items():
            if not (tried.by_code and name in OWN_FIELDS):
                setattr(tried, name, value)
        problems = hook_problems(tried) if tried.event else []
        if "trees" in cleaned:
            problems += tree_problems(self.instance, cleaned["trees"], self.every_tree)
        for problem in problems:
            name = problem.path.removeprefix("$.").replace("every_tree", "everywhere")
            field = name if name in self.fields else None
            if field is None or field not in self.errors:
                self.add_error(field, f"{problem.message[:1].upper()}{problem.message[1:]}.")
        others = HookRegistration.objects.filter(event=tried.event, name=tried.name).exclude(pk=self.instance.pk)
        if "name" in self.fields and "name" not in self.errors and others.exists():
            self.add_error("name", "Another hook of this event is called so.")
        return cleaned

    def validate_unique(self) -> None:
        """It was looked at in `clean`, with words for people."""

    def validate_constraints(self) -> None:
        """They were looked at in `clean`, with words for people."""


class TrialForm(forms.Form):
    """Which task run a hook is tried out with: one of the newest, or any other."""

    recent = forms.ChoiceField(required=False, label="Newest task runs")
    other = forms.CharField(
        required=False, label="Or another", max_length=500, help_text="The number of a task run, or its page's address."
    )

    def __init__(self, recent: list[tuple[str, str]], data: Any = None) -> None:
        super().__init__(data)
        cast(forms.ChoiceField, self.fields["recent"]).choices = recent

    def clean(self) -> dict[str, Any]:
        """Read the number of the task run."""
        cleaned = super().clean() or {}
        text = (cleaned.get("other") or "").strip().rstrip("/")
        number = text.rpartition("/")[2] if text else cleaned.get("recent") or ""
        if not number:
            self.add_error("other", "Choose a task run.")
        elif not (number.isascii() and number.isdigit() and int(number) < 2**63):
            self.add_error("other", "This is no number of a task run; it stands at the end of its page's address.")
        else:
            cleaned["task_run"] = int(number)
        return cleaned
