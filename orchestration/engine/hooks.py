"""Hooks: functions of other people's that see every task, or every tree, go by."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Final, Literal, TypeVar, get_args

H = TypeVar("H", bound=Callable[..., Any])
TreeEvent = Literal["on_tree_created", "on_tree_started", "on_tree_completed", "on_tree_failed"]
TREE_EVENTS: Final[tuple[str, ...]] = get_args(TreeEvent)
Kind = Literal["pre", "post"] | TreeEvent
#: All events that hooks are called at, in the order in which a run comes to them.
HOOK_EVENTS: Final = ("on_tree_created", "on_tree_started", "pre", "post", "on_tree_completed", "on_tree_failed")
#: What a hook of each event is called with.
PARAMETERS: Final[dict[str, tuple[str, ...]]] = {
    "on_tree_created": ("root",),
    "on_tree_started": ("root",),
    "pre": ("task",),
    "post": ("task", "inputs", "result"),
    "on_tree_completed": ("root", "status"),
    "on_tree_failed": ("root", "message"),
}


class HookRegistry:
    """Hooks by kind, in the order of their registration; the same function counts once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hooks: dict[str, list[Callable[..., Any]]] = {}
        #: Rises with each change, so that whoever has built something on the hooks knows when to do it again.
        self.version = 0

    def add(self, kind: str, hook: Callable[..., Any]) -> None:
        """Register a hook. Raises ValueError for a kind that does not exist, TypeError for what can't be called."""
        if kind not in ("pre", "post", *TREE_EVENTS):
            raise ValueError(f"there are no hooks {kind!r}; tree hooks are {', '.join(TREE_EVENTS)}")
        if not callable(hook):
            raise TypeError(f"a hook must be a function, not {hook!r}")
        with self._lock:
            present = self._hooks.setdefault(kind, [])
            if hook not in present:
                self._hooks[kind] = [*present, hook]
                self.version += 1

    def of(self, kind: str) -> list[Callable[..., Any]]:
        """Return the hooks of a kind, as they are now."""
        return self._hooks.get(kind, [])

    def all(self) -> list[tuple[str, Callable[..., Any]]]:
        """Return event and function of every hook, event by event."""
        return [(kind, hook) for kind in HOOK_EVENTS for hook in self.of(kind)]

    def clear(self) -> None:
        """Forget all hooks."""
        with self._lock:
            self._hooks = {}
            self.version += 1

    def named(self) -> list[tuple[str, str]]:
        """Return event and dotted name of each hook that its name tells from others: not of those made in functions."""
        pairs = ((kind, hook_name(hook)) for kind, hook in self.all())
        return [pair for pair in dict.fromkeys(pairs) if "<" not in pair[1]]


#: The registry behind the public decorators.
default_hooks: Final = HookRegistry()

#: What `get_hook_repository()` returns while a hook or an executor runs.
current_repository: ContextVar[Any] = ContextVar("apflow_hook_repository", default=None)


def hook_name(hook: Callable[..., Any]) -> str:
    """Return the dotted name of a hook for events and logs."""
    return f"{getattr(hook, '__module__', '?')}.{getattr(hook, '__qualname__', repr(hook))}"


def _decorator(kind: str, hook: H | None) -> Any:
    def decorate(target: H) -> H:
        default_hooks.add(kind, target)
        return target

    return decorate if hook is None else decorate(hook)


def register_pre_hook(hook: H | None = None) -> Any:
    """Register `hook(task)`, plain or async, to run before each task's executor. Bare or called.

    It may edit `task.inputs`; the edits hold for this run and are seen by later hooks. An exception in it is recorded
    as an event and does not stop the task.

    Example::

        @register_pre_hook
        async def stamp(task):
            task.inputs["stamped_at"] = datetime.now(UTC).isoformat()
    """
    return _decorator("pre", hook)


def register_post_hook(hook: H | None = None) -> Any:
    """Register `hook(task, inputs, result)`, plain or async, to run after each executed task, whatever its outcome."""
    return _decorator("post", hook)


def register_task_tree_hook(event: TreeEvent) -> Callable[[H], H]:
    """Register `hook(root_task, …)` for a tree event: created, started, completed or failed.

    `on_tree_completed` is called with the root task and the status, `on_tree_failed` with the root task and the
    message, the other two with the root task.
    """
    decorator: Callable[[H], H] = _decorator(event, None)
    return decorator


def get_hook_repository() -> Any:
    """Return the repository of the running execution, or None outside one (see `apflow.HookRepository`)."""
    return current_repository.get()


def get_hook_session() -> Any:
    """Return the repository of the running execution, or None outside one: here it is what a session is for."""
    return current_repository.get()
