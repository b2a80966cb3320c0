"""Trying a hook out on a task run of the past: it is called with copies, and nothing of the task is stored."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
import traceback
import uuid
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any, Final

from django.db import connection

from orchestration.engine.hook_calls import changed_keys, key_prints
from orchestration.engine.hook_payload import hook_payload
from orchestration.engine.hook_plan import HookFacts, HookFilter
from orchestration.engine.hook_targets import HookTargetError, load_target
from orchestration.engine.hooks import current_repository, default_hooks, hook_name
from orchestration.engine.json_values import encode, storable_text
from orchestration.engine.outcome import said_by
from orchestration.engine.runner import HookTask, Moment
from orchestration.models import HookRegistration, TaskRun, WebhookAttempt
from orchestration.store.queries import StoredQueries

from .deliveries import deliver_now

#: Seconds that somebody waits for a hook in front of a page.
MAX_TRIAL_SECONDS: Final = 30.0
_TEXT_CHARS: Final = 4_000


@dataclass(frozen=True, slots=True)
class Change:
    """A value of the inputs that the hook has changed, as JSON before and after; empty where there was none."""

    key: str
    before: str
    after: str


@dataclass(slots=True)
class Trial:
    """What a hook did. `error` is empty when it raised nothing; `asked` lists what it wanted of the repository.

    `would_run` tells whether its filters let it be called for the chosen task run at all.
    """

    milliseconds: float = 0.0
    returned: str = ""
    error: str = ""
    trace: str = ""
    changed: list[Change] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    would_run: bool = True
    payload: str = ""
    attempt: WebhookAttempt | None = None


class TrialRepository:
    """What `get_hook_repository()` returns in a trial on a run: it reads what is stored, and changes nothing."""

    def __init__(self, asked: list[str], run_id: str) -> None:
        self._asked = asked
        self._run_id = run_id

    async def get_task_by_id(self, task_id: str) -> Any:
        """Return the stored task with this id, or None."""
        return await asyncio.to_thread(_read, lambda: StoredQueries().task_by_id(task_id, self._run_id))

    async def get_tasks_by_status(self, status: str) -> list[Any]:
        """Return all stored tasks of a status."""
        queries, run_id = StoredQueries(), self._run_id
        found: list[Any] = await asyncio.to_thread(_read, lambda: queries.tasks_by_status(status, run_id))
        return found

    async def update_task(self, task_id: str, **fields: Any) -> Any:
        """Note what was asked for, and return the task as it is."""
        self._asked.append(
            f"update_task({task_id!r}, {', '.join(f'{name}={_shown(fields[name])}' for name in fields)})"
        )
        return await self.get_task_by_id(task_id)


def try_hook(hook: HookRegistration, task_run: TaskRun) -> Trial:
    """Call a hook as if the task run, whose run and tree are loaded, came by now. What it raises is in the answer.

    Hooks of trees get the first task of the run. A webhook is really told; what it is told is marked as a test.
    """
    of_tasks = hook.event in HookRegistration.OF_TASKS
    row = task_run if of_tasks else TaskRun.objects.filter(run=task_run.run).order_by("ordinal")[0]
    facts = trial_facts(hook, task_run)
    arguments = trial_arguments(hook.event, row)
    trial = Trial(would_run=filter_of(hook).matches(facts))
    if hook.webhook_id is not None:
        _deliver(hook, hook_payload(hook.event, facts, *arguments), trial)
        return trial
    function = find_function(hook)
    if isinstance(function, str):
        trial.error = function
        return trial
    _call(function, arguments, min(hook.timeout_seconds, MAX_TRIAL_SECONDS), trial)
    return trial


def find_function(hook: HookRegistration) -> Callable[..., Any] | str:
    """Return a hook's function, or why this process can't have it."""
    if hook.by_code:
        found = [function for function in default_hooks.of(hook.event) if hook_name(function) == hook.target]
        return (
            found[0] if found else "The web process does not import the module of this hook; only workers can call it"
        )
    try:
        return load_target(hook.target)
    except HookTargetError as error:
        return str(error)


def filter_of(hook: HookRegistration) -> HookFilter:
    """Return what a hook is called for."""
    trees = None if hook.every_tree else frozenset(str(pk) for pk in hook.trees.values_list("pk", flat=True))
    return HookFilter(trees, frozenset(hook.tags), frozenset(hook.executors), frozenset(hook.statuses))


def trial_facts(hook: HookRegistration, task_run: TaskRun) -> HookFacts:
    """Return what filters would look at."""
    run = task_run.run
    facts = HookFacts(str(run.tree_id) if run.tree_id else None, run.tree_name)
    facts = replace(facts, tags=tuple(run.tree.tags) if run.tree else ())
    if hook.event in HookRegistration.OF_TASKS:
        return replace(facts, executor=task_run.executor, status=task_run.status)
    return replace(facts, status=run.status)


def trial_arguments(event: str, row: TaskRun) -> tuple[Any, ...]:
    """Return what a hook of an event would be called with: copies."""
    inputs = deepcopy(row.resolved_inputs if row.resolved_inputs is not None else row.inputs)
    view = HookTask(
        id=row.task_uid,
        name=row.name,
        type=row.executor or "",
        inputs=inputs if event in HookRegistration.OF_TASKS else None,
        params=deepcopy(row.params),
        schemas=deepcopy(row.schemas),
        priority=row.priority,
        parent_id=row.parent_uid,
        dependencies=deepcopy(row.dependencies),
        run_id=str(row.run_id),
        attempt=row.attempt,
        created_at=Moment.of(row.run.queued_at),
        started_at=row.started_at,
        tree_name=row.run.tree_name,
    )
    if event == "post":
        view.status, view.error, view.result = row.status, row.error, deepcopy(row.result)
        returned = view.result
        if returned is None and row.error is not None:
            returned = {"status": row.status, "error": row.error, "error_type": row.error_type}
        return view, deepcopy(inputs), returned
    more = {"on_tree_completed": (row.run.status,), "on_tree_failed": (row.run.error or row.run.status,)}
    return view, *more.get(event, ())


def _call(function: Callable[..., Any], arguments: tuple[Any, ...], seconds: float, trial: Trial) -> None:
    """Call a function in a thread of its own, so that one that never returns holds nobody up for long."""
    view: HookTask = arguments[0]
    prints, inputs = key_prints(view.inputs), deepcopy(view.inputs)

    def work() -> None:
        current_repository.set(TrialRepository(trial.asked, view.run_id))
        try:
            returned = function(*arguments)
            if inspect.isawaitable(returned):
                returned = asyncio.run(_awaited(returned, seconds))
            trial.returned = "" if returned is None else _shown(returned)
        except BaseException as error:  # noqa: BLE001 - the boundary to a hook
            trial.error = storable_text(said_by(error), _TEXT_CHARS)
            trial.trace = storable_text("".join(traceback.format_exception(error)[-3:]), _TEXT_CHARS)
        finally:
            connection.close()

    thread = threading.Thread(target=work, name="apflow-hook-trial", daemon=True)
    begun = time.monotonic()
    thread.start()
    thread.join(seconds + 0.5)
    trial.milliseconds = (time.monotonic() - begun) * 1000
    if thread.is_alive():
        trial.error = f"It took longer than {seconds:g} s, and goes on in the web process"
        return
    for key in changed_keys(prints, view.inputs):
        before, after = (inputs or {}), (view.inputs or {})
        trial.changed.append(Change(key, *(_shown(side[key]) if key in side else "" for side in (before, after))))


async def _awaited(result: Any, seconds: float) -> Any:
    async with asyncio.timeout(seconds):
        return await result


def _deliver(hook: HookRegistration, payload: dict[str, Any], trial: Trial) -> None:
    told = {**payload, "test": True}
    trial.payload = _shown(told)
    seconds = min(hook.timeout_seconds, MAX_TRIAL_SECONDS)
    begun = time.monotonic()
    try:
        result = deliver_now(str(hook.webhook_id), hook.event, told, f"test-{uuid.uuid4()}", seconds)
    except Exception as error:  # noqa: BLE001 - whatever it is, somebody waits for the answer
        trial.error = storable_text(said_by(error), _TEXT_CHARS)
    else:
        trial.error = "" if result.ok else result.error or "The webhook refused it"
        attempts = WebhookAttempt.objects.filter(delivery=uuid.UUID(result.delivery_id))
        trial.attempt = attempts.order_by("-number").first()
    trial.milliseconds = (time.monotonic() - begun) * 1000


def _shown(value: Any) -> str:
    """Return a value as JSON, or in Python's own words where it is none."""
    try:
        return storable_text(encode(value), _TEXT_CHARS)
    except Exception:  # noqa: BLE001 - a hook may return anything, and repr of it is other people's code
        try:
            return storable_text(repr(value), _TEXT_CHARS)
        except Exception as error:  # noqa: BLE001
            return f"(it can't be shown: {type(error).__name__})"


def _read(query: Callable[[], Any]) -> Any:
    try:
        return query()
    finally:
        connection.close()
