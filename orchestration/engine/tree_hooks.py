"""Hooks of trees: called in a lane at the beginning and the end of a run, and told of in the run's log."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Any, Final

from .attempts import Attempts
from .changes import LateEvent
from .clock import Clock
from .holdings import Holdings
from .hook_calls import HookCaller, HookNote, failed_by
from .hook_payload import hook_payload
from .hook_plan import HookFacts, HookPlan, HookRules, PlannedHook
from .loop import Loop
from .ports import Store
from .promise import Promise
from .run_state import RunState
from .runner import tree_root
from .status import Status
from .threads import ControlThread

#: The event that tells of tree hooks.
RUN_HOOKS: Final = "run.hooks"

_Call = tuple[PlannedHook, tuple[Any, ...]]
_Done = Callable[[list[HookNote]], None]


class TreeHooks:
    """Calls the hooks of trees, and keeps the plan of all hooks as the installation wants it."""

    def __init__(self, loop: Loop, clock: Clock, holdings: Holdings, attempts: Attempts, plan: HookPlan) -> None:
        self.plan = plan
        self._loop = loop
        self._clock = clock
        self._holdings = holdings
        self._attempts = attempts
        #: How many rounds of calls are on their way, by the run that they are for.
        self._calling: Counter[str] = Counter()

    def use(self, control: ControlThread, store: Store, caller: HookCaller) -> None:
        """Start: reads and late events go through `control`."""
        self._control = control
        self._store = store
        self._caller = caller

    # --- the plan -----------------------------------------------------------------------------------------------

    def fetch(self) -> None:
        """Read anew what was decided about hooks, if anything was since."""
        self._control.look(
            "hooks", lambda: self._store.hook_rules(self.plan.version), lambda rules, error: self.take(rules)
        )

    def take(self, rules: HookRules | None) -> None:
        """Put rules in force; None leaves those that are."""
        if rules is not None:
            self.plan.use(rules)

    # --- calls --------------------------------------------------------------------------------------------------

    def created(self, root: Any, tree: HookFacts) -> Future[None]:
        """Call the hooks of a tree that is to run, before its run is there; the future ends after them."""
        future: Promise[None] = Promise()
        self._call(("on_tree_created",), tree, root, "", lambda notes: future.set_result(None))
        return future

    def begin(self, state: RunState, *, created: bool) -> None:
        """Call the hooks of a run's first start; with `created` those of its creation first."""
        events = ("on_tree_created", "on_tree_started") if created else ("on_tree_started",)
        self._call(events, _facts(state), tree_root(state), "", partial(self._on_begin, state), state.id)

    def end(self, state: RunState, then: Callable[[], None]) -> None:
        """Call the hooks of a run's end, which is committed; `then` is called after them."""
        for late in state.take_batch().events:
            if late.type == RUN_HOOKS:  # its hooks of the beginning took longer than the run
                self._append(state, late.data_json)

        def done(notes: list[HookNote]) -> None:
            if notes:
                self._append(state, _notes_json(notes))
            then()

        event = "on_tree_completed" if state.status is Status.COMPLETED else "on_tree_failed"
        self._call((event,), _facts(state), tree_root(state), state.error or state.status.value, done, state.id)

    def is_calling(self, run_id: str | None = None) -> bool:
        """Tell whether hooks of a run, or of any run, have not come back yet: what they say may still decide."""
        return bool(self._calling) if run_id is None else run_id in self._calling

    def _call(
        self, events: Sequence[str], facts: HookFacts, root: Any, message: str, done: _Done, run_id: str | None = None
    ) -> None:
        more = {"on_tree_completed": (facts.status,), "on_tree_failed": (message,)}
        calls = [
            (hook, (root, *more.get(event, ())))
            for event in events
            for hook in self.plan.of(event)
            if hook.filter.matches(facts)
        ]
        if not calls:
            done([])
        elif run_id is None:
            self._attempts.lanes.call(lambda: self._call_each(calls, facts, done))
        else:
            self._attempts.lanes.call(lambda: self._call_each(calls, facts, partial(self._on_called, run_id, done)))
            self._calling[run_id] += 1

    def _on_called(self, run_id: str, done: _Done, notes: list[HookNote]) -> None:
        """Calls for a run are over; in a lane."""
        try:
            done(notes)
        finally:
            self._loop.post(self._forget, run_id)

    def _forget(self, run_id: str) -> None:
        self._calling[run_id] -= 1
        if not self._calling[run_id]:
            del self._calling[run_id]

    async def _call_each(self, calls: list[_Call], facts: HookFacts, done: _Done) -> None:
        notes: list[HookNote] = []
        try:
            for hook, arguments in calls:
                notes.append(await self._caller.call(hook, arguments, partial(_told, hook, facts, arguments), str))
        finally:
            done(notes)

    # --- the log ------------------------------------------------------------------------------------------------

    def _on_begin(self, state: RunState, notes: list[HookNote]) -> None:
        if notes:  # in a lane
            self._loop.post(self._note_begin, state, notes)

    def _note_begin(self, state: RunState, notes: list[HookNote]) -> None:
        if not self._holdings.owns(state):
            if state.status.is_terminal:
                self._append(state, _notes_json(notes))
            return
        now = self._clock.now()
        state.note(RUN_HOOKS, None, {"hooks": [note.as_json() for note in notes]}, now)
        counting = (note for note in notes if note.counts and note.hook.event == "on_tree_started")
        if not state.status.is_terminal and (failed := next(counting, None)) is not None:
            self._attempts.stop(state.fail(failed_by(failed.hook, failed.error or ""), now))
        self._holdings.touch(state)

    def _append(self, state: RunState, data_json: str) -> None:
        event = LateEvent(RUN_HOOKS, data_json, self._clock.now())
        self._control.submit(lambda: self._store.append_event(state.id, state.epoch, event), lambda _, error: None)


def _facts(state: RunState) -> HookFacts:
    return replace(state.hook_facts, status=state.status.value)


def _told(hook: PlannedHook, facts: HookFacts, arguments: tuple[Any, ...]) -> tuple[dict[str, Any], str]:
    """Return what a webhook is told of a tree event, and the key of that delivery."""
    root, *more = arguments
    return hook_payload(hook.event, facts, root, *more), f"hook-{hook.rule}-{root.run_id or uuid.uuid4()}-{hook.event}"


def _notes_json(notes: list[HookNote]) -> str:
    return json.dumps({"hooks": [note.as_json() for note in notes]})
