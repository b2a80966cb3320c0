"""Running one attempt: resolve inputs → pre-hooks → check → execute → outcome → post-hooks. One step, one function."""

from __future__ import annotations

import asyncio
import inspect
import logging
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

from pydantic import BaseModel

from .binding import Secrets, secrets_used
from .config import current_config
from .errors import BindingError, InputsInvalidError, NotStorableError
from .hook_calls import (
    HookCaller,
    HookFailedError,
    HookNote,
    changed_keys,
    failed_by,
    invoke,
    is_being_cancelled,
    key_prints,
)
from .hook_payload import hook_payload
from .hook_plan import HookPlan, PlannedHook
from .hooks import current_repository, hook_name
from .inputs import resolve_inputs, unwrap
from .job import Job, current_job
from .json_values import decode, encode
from .outcome import HOOK_FAILED, Outcome, from_returned, may_be_retried
from .schemas import OutputsInvalidError, check_inputs, check_outputs
from .secret_source import SecretsAwayError, SecretSource, SecretUnreadableError, SecretWish, no_secrets
from .status import Status

if TYPE_CHECKING:
    from .base import BaseTask
    from .records import Node
    from .registry import ExecutorSpec
    from .run_state import RunState

logger = logging.getLogger("apflow.engine")

#: Seconds for a plain `execute` to notice that it was cancelled, before its thread is left alone.
CANCEL_GRACE_SECONDS: Final = 5.0
#: The same after a timeout.
TIMEOUT_GRACE_SECONDS: Final = 0.25


class Moment(datetime):
    """An aware time from which a naive local one may be taken away, as the guide's hook sample does."""

    def __rsub__(self, other: Any) -> Any:
        if isinstance(other, datetime) and other.tzinfo is None:
            return other.astimezone() - datetime.fromtimestamp(self.timestamp(), self.tzinfo)
        return NotImplemented

    @classmethod
    def of(cls, at: datetime) -> Moment:
        """Return the same time as a Moment."""
        return cls.fromtimestamp(at.timestamp(), at.tzinfo)


@dataclass(slots=True)
class HookTask:
    """The task as hooks see it. Edits to `inputs` are kept; other fields change through `get_hook_repository()`."""

    id: str
    name: str
    type: str
    inputs: dict[str, Any] | None
    params: dict[str, Any]
    schemas: dict[str, Any]
    priority: int
    parent_id: str | None
    dependencies: list[dict[str, Any]]
    run_id: str
    attempt: int
    created_at: datetime
    started_at: datetime | None
    status: str = "in_progress"
    result: Any = None
    error: str | None = None
    tree_name: str = ""
    user_id: str | None = None


class ThreadRunner(Protocol):
    """Runs plain functions in threads."""

    def run(self, call: Callable[[], Any], *, interrupts: bool = True) -> Awaitable[Any]:
        """Run `call` in a thread, with the caller's context variables. See `ThreadPool.run`."""


class ProcessRunner(Protocol):
    """Runs isolated attempts."""

    async def prepare(self) -> Any:
        """Return a process that is ready to run one attempt."""

    async def run(self, child: Any, job: Job, inputs: dict[str, Any]) -> Outcome:
        """Run a job's `execute` in that process."""


@dataclass(slots=True)
class Runner:
    """What every attempt needs besides itself.

    `repository` makes the object behind `get_hook_repository()`; `secrets` reads the secrets that an attempt names;
    `tidy` runs after an attempt that raised.
    """

    hooks: HookPlan
    caller: HookCaller
    threads: ThreadRunner
    processes: ProcessRunner
    repository: Callable[[Job, HookTask], Any]
    secrets: SecretSource = no_secrets
    tidy: Callable[[], Awaitable[None]] | None = None

    async def run(self, job: Job) -> Outcome:
        """Run one attempt to its outcome. Never raises; `job.resolved_json` holds the inputs it ran with."""
        current_job.set(job)
        view = hook_task(job)
        current_repository.set(self.repository(job, view))
        returned: Any = None
        try:
            async with asyncio.timeout(job.timeout_seconds) as limit:
                job.limit = limit
                outcome, returned = await self._attempt(job, view)
            if limit.expired():
                outcome = Outcome.timed_out(job.timeout_seconds or 0)
        except TimeoutError as error:
            # The limit's own end; a TimeoutError of the executor's was caught inside.
            outcome = Outcome.timed_out(job.timeout_seconds) if job.timeout_seconds else Outcome.raised(error, job.mask)
        except asyncio.CancelledError:
            outcome = Outcome.cancelled(job.node.cancel_reason or "The task was cancelled")
        if outcome.result_json is not None:
            outcome = replace(outcome, result_json=job.storable(outcome.result_json))
        job.outcome = outcome
        if not (job.cancel_requested.is_set() or (outcome.retryable and job.may_retry)):
            outcome = job.outcome = await self._post_hooks(job, view, outcome, returned)
        return outcome

    async def _attempt(self, job: Job, view: HookTask) -> tuple[Outcome, Any]:
        try:
            by_id = job.spec.cls.dependency_inputs == "by_id"
            view.inputs = resolve_inputs(job.sources, by_id=by_id, secrets=await self._secrets(job))
            job.takes(view.inputs)
            await self._pre_hooks(job, view)
            job.takes(view.inputs or {})
            job.resolved_json = _encode_inputs(job, view.inputs or {})
            inputs = check_inputs(job.spec.cls.inputs_schema, view.inputs or {})
            if inputs is not view.inputs:
                job.resolved_json = _encode_inputs(job, inputs)
            view.inputs = inputs
        except (BindingError, SecretUnreadableError) as error:
            return Outcome.failed(str(error), "binding_error", mask=job.mask), None
        except SecretsAwayError as error:
            return Outcome.failed(str(error), "secrets_away", retryable=True), None
        except NotStorableError as error:
            return Outcome.failed(str(error), "inputs_not_storable", mask=job.mask), None
        except InputsInvalidError as error:
            return Outcome.failed(str(error), "validation_error", mask=job.mask), None
        except HookFailedError as error:
            retryable = may_be_retried(error.error, HOOK_FAILED)
            return Outcome.failed(str(error), HOOK_FAILED, retryable=retryable, mask=job.mask), None
        return await self._execute(job, view, inputs)

    async def _secrets(self, job: Job) -> Mapping[str, str]:
        names = job.spec.cls.secret_names | secrets_used(job.sources.own)
        if not names:
            return {}
        wish = SecretWish(frozenset(names), job.spec.id, job.run.record.tree_id, job.run_id, job.task_id)
        granted: Mapping[str, str] = await self.threads.run(lambda: self.secrets(wish))
        job.was_granted(granted)
        return granted

    async def _execute(self, job: Job, view: HookTask, inputs: dict[str, Any]) -> tuple[Outcome, Any]:
        try:
            job.instance = instance = job.spec.new(inputs, job.params)
            instance.context = job
            if job.spec.cls.secret_names:
                instance.secrets = Secrets(job.secrets)
            before = job.spec.hooks.get("pre_hook")
            returned = await self.call(before, instance, view, inputs) if before else None
            if returned is None and job.spec.isolation == "process":
                outcome = await self._isolated(job, inputs)
                returned = None if outcome.result_json is None else decode(outcome.result_json)
                if outcome.status is not Status.COMPLETED:
                    return outcome, returned
            elif returned is None:
                returned = await self._call_execute(job.spec, instance, inputs)
            after = job.spec.hooks.get("post_hook")
            if after is not None:
                hook = PlannedHook(hook_name(after), "post_hook", after)
                await self._call_hook(job, hook, instance, view, inputs, returned)
        except asyncio.CancelledError as error:
            if job.cancel_requested.is_set() or is_being_cancelled():
                raise
            return Outcome.raised(error, job.mask), None
        except BaseException as error:  # noqa: BLE001 - the boundary to user code: whatever it raises ends this attempt only
            log_raised(error)
            await self._tidy_up()
            return Outcome.raised(error, job.mask), None
        return self._judge(job, returned)

    async def _tidy_up(self) -> None:
        """Let go of what an attempt that raised may have broken; failing at it must not hide why the attempt failed."""
        try:
            if self.tidy is not None:
                await self.tidy()
        except Exception as error:  # noqa: BLE001 - no memory or no thread left, say
            logger.warning("tidying up after an attempt failed: %s: %s", type(error).__name__, error)

    async def _call_execute(self, spec: ExecutorSpec, instance: BaseTask, inputs: dict[str, Any]) -> Any:
        if spec.is_async:
            return await instance.execute(inputs)
        returned = await self.threads.run(lambda: instance.execute(inputs))
        return await returned if inspect.isawaitable(returned) else returned

    async def _isolated(self, job: Job, inputs: dict[str, Any]) -> Outcome:
        # A process that has to be started first takes nothing from the attempt's time.
        if job.limit is not None:
            job.limit.reschedule(None)
        child = await self.processes.prepare()
        if job.limit is not None and job.timeout_seconds is not None:
            job.limit.reschedule(asyncio.get_running_loop().time() + job.timeout_seconds)
        return await self.processes.run(child, job, inputs)

    async def call_cancel(self, instance: BaseTask) -> None:
        """Call the executor's own `cancel()`; an exception in it is logged."""
        try:
            await self.call(instance.cancel)
        except BaseException as error:  # noqa: BLE001 - the boundary to user code
            logger.warning("cancel() of executor %s raised %s", instance.type, type(error).__name__)

    @staticmethod
    def _judge(job: Job, returned: Any) -> tuple[Outcome, Any]:
        returned = plain_result(returned)
        outcome = from_returned(returned, current_config().max_result_bytes, job.mask)
        schema = job.spec.cls.outputs_schema
        if outcome.status is Status.COMPLETED and schema is not None:
            try:
                check_outputs(schema, unwrap(returned))
            except OutputsInvalidError as error:
                text, result = str(error), outcome.result_json
                return Outcome.failed(text, "output_invalid", result_json=result, mask=job.mask), returned
        return outcome, returned

    # --- hooks --------------------------------------------------------------------------------------------------

    async def _pre_hooks(self, job: Job, view: HookTask) -> None:
        """Call the pre-hooks. Raises HookFailedError, and calls no further one, when one fails whose failure counts."""
        hooks = self.hooks.of("pre")
        if not hooks:
            return
        facts = job.hook_facts()
        for hook in hooks:
            if not hook.filter.matches(facts):
                continue
            before = key_prints(view.inputs)
            note = await self._call_hook(job, hook, view)
            note.changed = changed_keys(before, view.inputs)
            job.hook_notes[-1] = note.as_json()
            if note.failure is not None and note.counts:
                raise HookFailedError(hook, note.failure)

    async def _post_hooks(self, job: Job, view: HookTask, outcome: Outcome, returned: Any) -> Outcome:
        """Call the post-hooks and return the outcome, which a hook's failure turns to failed when it counts."""
        hooks = self.hooks.of("post")
        if not hooks:
            return outcome
        job.hook_seconds = sum(hook.timeout_seconds for hook in hooks)
        view.status, view.error = outcome.status.value, outcome.error
        view.result = returned
        if returned is None and outcome.status is not Status.COMPLETED:
            returned = {"status": outcome.status.value, "error": outcome.error, "error_type": outcome.error_type}
        inputs = decode(job.resolved_json) if job.resolved_json else {}
        for hook in hooks:
            if not hook.filter.matches(job.hook_facts(outcome.status.value)):
                continue
            note = await self._call_hook(job, hook, view, inputs, returned)
            if note.counts and outcome.status is Status.COMPLETED:
                # Its work is done: to repeat it because of the hook would do it twice.
                text = failed_by(hook, note.error or "")
                outcome = Outcome.failed(text, HOOK_FAILED, result_json=outcome.result_json, mask=job.mask)
                view.status, view.error = outcome.status.value, outcome.error
        return outcome

    async def _call_hook(self, job: Job, hook: PlannedHook, *arguments: Any) -> HookNote:
        """Call a hook; what became of it goes into the job's notes."""

        def telling() -> tuple[dict[str, Any], str]:
            view, *more = arguments
            payload = hook_payload(hook.event, job.hook_facts(), view, *more)
            key = f"hook-{hook.rule}-{job.run_id}-{job.node.record.pk}-{job.attempt}"
            return job.masker.hide(payload), key

        note = await self.caller.call(hook, arguments, telling, job.mask)
        job.hook_notes.append(note.as_json())
        return note

    async def call(self, hook: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function that belongs to an executor and may be plain or async; a plain one runs in a thread."""
        return await invoke(self.threads, hook, *arguments)


def _encode_inputs(job: Job, inputs: dict[str, Any]) -> str:
    return job.storable(encode(inputs, "the inputs", current_config().max_result_bytes)) if inputs else "{}"


def plain_result(returned: Any) -> Any:
    """Return a pydantic model as plain data; anything else as it is."""
    return returned.model_dump(mode="json") if isinstance(returned, BaseModel) else returned


def log_raised(error: BaseException) -> None:
    """Log where user code raised, and let go of what its frames hold: that may be all memory there is."""
    logging.getLogger("apflow.executor").error("the executor raised", exc_info=error)
    traceback.clear_frames(error.__traceback__)


def hook_task(job: Job) -> HookTask:
    """Make the view of a job's task that hooks get."""
    view = _view(job.run, job.node)
    view.params, view.attempt = job.params, job.attempt
    return view


def tree_root(state: RunState) -> HookTask:
    """Make the view of a run's first task that tree hooks get."""
    return _view(state, state.nodes[0])


def _view(state: RunState, node: Node) -> HookTask:
    record = node.record
    return HookTask(
        id=record.uid,
        name=record.name,
        type=node.executor or "",
        inputs=None,
        params=record.params,
        schemas=record.schemas,
        priority=node.priority,
        parent_id=record.parent_uid,
        dependencies=[{"id": edge.id, "required": edge.required} for edge in record.dependencies],
        run_id=state.id,
        attempt=node.attempt,
        created_at=Moment.of(state.record.queued_at),
        started_at=node.started_at,
        status=node.status.value,
        error=node.error,
        tree_name=state.record.tree_name,
    )
