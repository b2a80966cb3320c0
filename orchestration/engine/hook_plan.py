"""Which hooks are called, in which order, and for what: those of the code, as the installation has arranged them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

from .hook_targets import LazyTarget
from .hooks import HookRegistry, hook_name

OnError = Literal["log", "fail"]
ON_ERROR: Final[tuple[OnError, ...]] = ("log", "fail")
TIMEOUT_SECONDS: Final = 60.0
SLOW_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class HookFacts:
    """What a hook is called for, as far as filters look at it."""

    tree_id: str | None = None
    tree_name: str = ""
    tags: tuple[str, ...] = ()
    executor: str | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True)
class HookFilter:
    """What a hook is called for: whatever matches every part that is given.

    `trees` None is every tree; an empty set is none, which happens when the chosen trees were deleted.
    """

    trees: frozenset[str] | None = None
    tags: frozenset[str] = frozenset()
    executors: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()

    def matches(self, facts: HookFacts) -> bool:
        """Tell whether the hook is called for this."""
        return (
            (self.trees is None or facts.tree_id in self.trees)
            and (not self.tags or not self.tags.isdisjoint(facts.tags))
            and (not self.executors or facts.executor in self.executors)
            and (not self.statuses or facts.status in self.statuses)
        )


@dataclass(frozen=True, slots=True)
class HookRule:
    """A hook as the database holds it: a function of the code (`by_code`), one that was chosen, or a webhook."""

    pk: int
    event: str
    name: str
    by_code: bool
    target: str
    webhook: str | None = None
    enabled: bool = True
    on_error: OnError = "log"
    timeout_seconds: float = TIMEOUT_SECONDS
    slow_seconds: float = SLOW_SECONDS
    filter: HookFilter = field(default_factory=HookFilter)


@dataclass(frozen=True, slots=True)
class HookRules:
    """All rules of an installation, in the order in which they run. `version` rises with each change."""

    version: int
    rules: tuple[HookRule, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedHook:
    """A hook that is to be called. `rule` is the id of its row; None for one that has none."""

    name: str
    event: str
    call: Callable[..., Any]
    on_error: OnError = "log"
    timeout_seconds: float = TIMEOUT_SECONDS
    slow_seconds: float = SLOW_SECONDS
    filter: HookFilter = field(default_factory=HookFilter)
    rule: int | None = None
    webhook: str | None = None


@dataclass(frozen=True, slots=True)
class WebhookCall:
    """What a webhook is to be told. With `waits`, the caller needs to know that it arrived."""

    webhook: str
    event: str
    payload: dict[str, Any]
    key: str
    timeout_seconds: float
    waits: bool


class Webhooks(Protocol):
    """Tells webhooks. It blocks, and runs in a thread."""

    def __call__(self, call: WebhookCall) -> None:
        """Queue a delivery, or deliver at once and raise when that fails."""


def no_webhooks(call: WebhookCall) -> None:
    """Refuse: this process has no way to tell webhooks."""
    raise RuntimeError("webhooks can't be told from here")


class HookPlan:
    """The hooks of a registry under the rules of an installation. May be read from any thread."""

    def __init__(self, registry: HookRegistry) -> None:
        self._registry = registry
        self._rules = HookRules(0)
        self._lock = threading.Lock()
        self._made_of = -1
        self._hooks: dict[str, tuple[PlannedHook, ...]] = {}

    @property
    def version(self) -> int:
        """The version of the rules that are in force."""
        return self._rules.version

    def use(self, rules: HookRules) -> None:
        """Put rules in force."""
        with self._lock:
            self._rules = rules
            self._make()

    def of(self, event: str) -> tuple[PlannedHook, ...]:
        """Return the hooks of an event, in the order in which they are called."""
        if self._made_of != self._registry.version:
            with self._lock:
                self._make()
        return self._hooks.get(event, ())

    def _make(self) -> None:
        self._made_of = self._registry.version
        events = {rule.event for rule in self._rules.rules} | {event for event, _ in self._registry.all()}
        self._hooks = {event: self._plan(event) for event in events}

    def _plan(self, event: str) -> tuple[PlannedHook, ...]:
        left: dict[str, list[Callable[..., Any]]] = {}
        for hook in self._registry.of(event):
            left.setdefault(hook_name(hook), []).append(hook)
        planned: list[PlannedHook] = []
        for rule in (rule for rule in self._rules.rules if rule.event == event):
            calls: Sequence[Callable[..., Any]] = left.pop(rule.target, ()) if rule.by_code else [_target(rule)]
            if rule.enabled:
                planned.extend(_planned(rule, call) for call in calls)
        # What nobody has arranged comes last, as it was registered.
        planned.extend(PlannedHook(name, event, call) for name, calls in left.items() for call in calls)
        return tuple(planned)


def _target(rule: HookRule) -> Callable[..., Any]:
    return LazyTarget(rule.target)


def _planned(rule: HookRule, call: Callable[..., Any]) -> PlannedHook:
    same = (rule.on_error, rule.timeout_seconds, rule.slow_seconds, rule.filter, rule.pk, rule.webhook)
    return PlannedHook(rule.name, rule.event, call, *same)
