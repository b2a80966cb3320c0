"""Hooks as the API takes and shows them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import ConfigDict, Field

from orchestration.actions.hook_checks import MAX_ENTRIES
from orchestration.actions.hook_stats import hook_stats
from orchestration.actions.hook_trial import Trial
from orchestration.actions.hook_words import filter_words
from orchestration.actions.hooks import is_registered, registered_hooks
from orchestration.engine.hook_plan import SLOW_SECONDS, TIMEOUT_SECONDS
from orchestration.models import HookRegistration
from orchestration.models.hooks import MAX_TIMEOUT_SECONDS, MIN_SECONDS

from .schemas import Fields, Flag, Name, Text

Seconds = Annotated[float, Field(ge=MIN_SECONDS, le=MAX_TIMEOUT_SECONDS)]
Entries = Annotated[list[Text], Field(max_length=MAX_ENTRIES)]
_EXAMPLE: Final[dict[str, Any]] = {
    "name": "Check orders",
    "event": "pre",
    "target": "shop.hooks:check_order",
    "executors": ["rest_executor"],
}


class HookFields(Fields):
    """Everything that is decided about a hook. What is absent has its default; empty filters narrow nothing.

    Of a hook that the code registers, `name`, `event`, `target` and `webhook` stay as they are, whatever is sent.
    """

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    name: Name
    event: HookRegistration.Event
    target: Text = Field("", max_length=500, description="module:function of an allowed module, or")
    webhook: UUID | None = Field(None, description="the id of an outgoing webhook")
    on_error: HookRegistration.OnError = HookRegistration.OnError.LOG
    timeout_seconds: Seconds = TIMEOUT_SECONDS
    slow_seconds: Seconds = SLOW_SECONDS
    trees: Annotated[list[UUID], Field(max_length=MAX_ENTRIES)] = []
    every_tree: Flag | None = Field(
        None, description="must be true for no trees when those the hook was for are deleted; else they say it"
    )
    tags: Entries = []
    executors: Entries = Field([], description="of hooks before and after tasks")
    statuses: Entries = Field([], description="of post, on_tree_completed and on_tree_failed")


class NewHook(HookFields):
    """A new hook; it runs after those that are there."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    enabled: Flag = True


class HookStatsOut(Fields):
    """The calls of the last seven days."""

    runs: int
    errors: int
    slow: int = Field(description="calls that took longer than slow_seconds")
    p95_ms: float | None = Field(description="95 in 100 calls took no longer; a quarter too much at most")


class HookOut(Fields):
    """A hook."""

    model_config = ConfigDict(title="Hook")

    id: int
    name: str
    event: HookRegistration.Event
    origin: HookRegistration.Origin = Field(description="decorator: the code registers it")
    target: str
    webhook: UUID | None
    webhook_name: str | None
    enabled: bool
    gone: bool = Field(description="no process that runs registers it any more")
    position: int = Field(description="its place among the hooks of its event")
    on_error: HookRegistration.OnError
    timeout_seconds: float
    slow_seconds: float
    every_tree: bool = Field(description="false without trees: those it was for are deleted, and it is called for none")
    trees: list[UUID]
    tags: list[str]
    executors: list[str]
    statuses: list[str]
    words: str = Field(description="what it is called for", examples=["tasks by rest_executor"])
    updated_at: datetime
    stats: HookStatsOut


class OrderOut(Fields):
    """The hooks of each event in the order in which they run."""

    version: int = Field(description="rises with each change of any hook")
    events: dict[str, list[int]]


class OrderIn(Fields):
    """The order that is wanted: all hooks of an event, each once. `version` is that of the order that was seen."""

    model_config = ConfigDict(json_schema_extra={"example": {"version": 12, "event": "pre", "hooks": [3, 1, 2]}})

    version: int
    event: HookRegistration.Event
    hooks: list[int] = Field(max_length=1_000)


class TrialIn(Fields):
    """Which task run a hook is tried out with."""

    task_run: Annotated[
        int, Field(strict=True, ge=1, le=2**63 - 1, description="the number of a task run", examples=[7])
    ]


class ChangeOut(Fields):
    """A value that the hook has changed, as JSON; empty where there is none."""

    key: str
    before: str
    after: str


class TrialOut(Fields):
    """What the hook did."""

    error: str = Field(description="what it raised, or why it could not be called; empty when all went well")
    trace: str
    milliseconds: float
    returned: str = Field(description="as JSON; empty for nothing")
    changed: list[ChangeOut]
    asked: list[str] = Field(description="what it asked of the repository; none of it was done")
    would_run: bool = Field(description="false when its filters leave this task run out")
    payload: str = Field(description="what a webhook was told")
    status_code: int | None = Field(description="what a webhook answered")
    answer: str


def hook_rows(hooks: Sequence[HookRegistration]) -> list[Any]:
    """Return hooks as HookOut; their trees and webhooks are loaded."""
    stats, registered = hook_stats([hook.pk for hook in hooks]), registered_hooks()
    taken = set(HookOut.model_fields) - {"webhook", "webhook_name", "gone", "trees", "words", "stats"}
    return [
        {name: getattr(hook, name) for name in taken}
        | {
            "webhook": hook.webhook_id,
            "webhook_name": hook.webhook.name if hook.webhook else None,
            "gone": not is_registered(hook, registered),
            "trees": [tree.pk for tree in hook.trees.all()],
            "words": filter_words(hook),
            "stats": {name: getattr(stats[hook.pk], name) for name in HookStatsOut.model_fields},
        }
        for hook in hooks
    ]


def trial_row(trial: Trial) -> dict[str, Any]:
    """Return a trial as TrialOut."""
    same = set(TrialOut.model_fields) - {"changed", "status_code", "answer"}
    changed = [{"key": change.key, "before": change.before, "after": change.after} for change in trial.changed]
    answer = trial.attempt
    return {name: getattr(trial, name) for name in same} | {
        "changed": changed,
        "status_code": answer.status_code if answer else None,
        "answer": answer.answer_body if answer else "",
    }
