"""Calling one hook: within its time, counted, and with a note on what it did."""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from .hook_counts import HookCounts
from .hook_plan import PlannedHook, WebhookCall, Webhooks
from .json_values import storable_text
from .outcome import said_by

if TYPE_CHECKING:
    from .masking import Mask

logger = logging.getLogger("apflow.engine")

#: Keys of inputs that are named as changed by a hook.
_NAMED_KEYS: Final = 20


class HookTimeoutError(Exception):
    """The hook took longer than its time."""


class HookFailedError(Exception):
    """A hook failed whose failure counts."""

    def __init__(self, hook: PlannedHook, error: BaseException) -> None:
        self.hook, self.error = hook, error
        super().__init__(failed_by(hook, said_by(error)))


class HookThreads(Protocol):
    """Runs plain functions in threads."""

    def run(self, call: Callable[[], Any], *, interrupts: bool = True) -> Awaitable[Any]:
        """Run `call` in a thread; with `interrupts` False nobody is told to stop when the waiter is."""


@dataclass(slots=True)
class HookNote:
    """What became of one call. `failure` is what it raised, as it was; `error` is what may be stored of it."""

    hook: PlannedHook
    milliseconds: float = 0.0
    failure: BaseException | None = None
    error: str | None = None
    changed: tuple[str, ...] = ()

    @property
    def counts(self) -> bool:
        """True when it failed, and what it was called for is to fail with it."""
        return self.failure is not None and self.hook.on_error == "fail"

    @property
    def is_slow(self) -> bool:
        """True when it took longer than is expected of it."""
        return self.milliseconds > self.hook.slow_seconds * 1000

    def as_json(self) -> dict[str, Any]:
        """Return the note as events hold it."""
        said: dict[str, Any] = {"hook": self.hook.name, "event": self.hook.event, "ms": round(self.milliseconds, 1)}
        if self.error is not None:
            said["error"] = self.error
        if self.is_slow:
            said["slow"] = True
        if self.changed:
            said["changed"] = list(self.changed)
        return said


@dataclass(slots=True)
class HookCaller:
    """Calls hooks, wherever they are called from."""

    threads: HookThreads
    webhooks: Webhooks
    counts: HookCounts

    async def call(
        self,
        hook: PlannedHook,
        arguments: tuple[Any, ...],
        telling: Callable[[], tuple[dict[str, Any], str]],
        mask: Mask,
    ) -> HookNote:
        """Call a hook; what it raises is in the note, but for a cancellation of the caller.

        `telling` makes the payload and the key of a webhook's delivery. `mask` takes secrets out of errors.
        """
        note = HookNote(hook)
        begun = time.monotonic()
        try:
            await self._within_time(hook, arguments, telling)
        except asyncio.CancelledError as error:
            if is_being_cancelled():
                raise
            note.failure = error
        except BaseException as error:  # noqa: BLE001 - the boundary to a hook
            note.failure = error
        note.milliseconds = (time.monotonic() - begun) * 1000
        self._tell(note, mask)
        return note

    async def _within_time(
        self, hook: PlannedHook, arguments: tuple[Any, ...], telling: Callable[[], tuple[dict[str, Any], str]]
    ) -> None:
        try:
            async with asyncio.timeout(hook.timeout_seconds) as limit:
                if hook.webhook is None:
                    await invoke(self.threads, hook.call, *arguments, interrupts=False)
                else:
                    await self._deliver(hook, hook.webhook, *telling())
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise HookTimeoutError(f"it took longer than its {hook.timeout_seconds:g} s") from error

    async def _deliver(self, hook: PlannedHook, webhook: str, payload: dict[str, Any], key: str) -> None:
        call = WebhookCall(webhook, hook.event, payload, key, hook.timeout_seconds, hook.on_error == "fail")
        await self.threads.run(lambda: self.webhooks(call), interrupts=False)

    def _tell(self, note: HookNote, mask: Mask) -> None:
        hook = note.hook
        if note.failure is not None:
            note.error = storable_text(mask(said_by(note.failure)), 500)
            logger.warning("hook %s failed: %s", hook.name, note.error)
        if note.is_slow:
            logger.warning("hook %s is slow: it took %.1f s at %s", hook.name, note.milliseconds / 1000, hook.event)
        self.counts.add(hook.rule, note.milliseconds, failed=note.failure is not None, slow=note.is_slow)


async def invoke(threads: HookThreads, function: Callable[..., Any], *arguments: Any, interrupts: bool = True) -> Any:
    """Call a function that may be plain or async; a plain one runs in a thread (see `HookThreads.run`)."""
    if inspect.iscoroutinefunction(function):
        return await function(*arguments)
    result = await threads.run(lambda: function(*arguments), interrupts=interrupts)
    return await result if inspect.isawaitable(result) else result


def failed_by(hook: PlannedHook, error: str) -> str:
    """Return the error of what a hook has failed."""
    word = f"{hook.event}-hook" if hook.event in ("pre", "post") else f"{hook.event} hook"
    return f"The {word} {hook.name} failed: {error}"


def is_being_cancelled() -> bool:
    """Tell whether somebody has cancelled the running asyncio task, rather than its code having raised it."""
    current = asyncio.current_task()
    return current is not None and current.cancelling() > 0


def key_prints(inputs: dict[str, Any] | None) -> dict[str, int]:
    """Return a print of each value, by which `changed_keys` tells later which of them are others."""
    return {str(key): _print(value) for key, value in (inputs or {}).items()}


def changed_keys(before: dict[str, int], inputs: dict[str, Any] | None) -> tuple[str, ...]:
    """Return the keys that were added, changed or removed since `before`."""
    after = key_prints(inputs)
    changed = [key for key in before.keys() | after.keys() if before.get(key) != after.get(key)]
    return tuple(sorted(changed)[:_NAMED_KEYS])


def _print(value: Any) -> int:
    try:
        return hash(repr(value))
    except Exception:  # noqa: BLE001 - a hook may put anything there, and repr of it is other people's code
        return id(value)
