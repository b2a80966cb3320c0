"""The executor registry and the decorator that fills it."""

from __future__ import annotations

import inspect
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar, overload

from .base import BaseTask
from .errors import ExecutorConfigurationError, ExecutorNotFoundError
from .hooks import default_hooks

T = TypeVar("T", bound=type[BaseTask])


@dataclass(frozen=True, slots=True)
class ExecutorSpec:
    """One registered executor and the options of its registration.

    `timeout_seconds` and `isolation` are defaults for its tasks; `origin` is `built-in`, `example` or `user`.
    """

    id: str
    cls: type[BaseTask]
    module: str
    is_async: bool
    origin: str = "user"
    timeout_seconds: float | None = None
    idempotent: bool = True
    isolation: str = "lane"
    memory_mb: int | None = None
    hooks: dict[str, Callable[..., Any]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name shown to people."""
        return self.cls.name or self.id

    @property
    def description(self) -> str:
        """The class's description, or its docstring with the indentation taken off."""
        return self.cls.description or (inspect.cleandoc(self.cls.__doc__) if self.cls.__doc__ else "")

    def new(self, inputs: dict[str, Any], params: dict[str, Any]) -> BaseTask:
        """Make the instance that runs one attempt; `params` go to a constructor that takes them."""
        instance = self.cls()
        instance.inputs = inputs
        instance.params = params
        return instance


def snake_case(name: str) -> str:
    """Return a class name in snake_case: `APICallExecutor` gives `api_call_executor`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return spaced.lower()


class ExecutorRegistry:
    """Executors by id. Registering an id again replaces what was there. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._specs: dict[str, ExecutorSpec] = {}

    def register(self, cls: type[BaseTask], **options: Any) -> ExecutorSpec:
        """Register a class.

        Options: `id`, `override` (False keeps an earlier registration), `origin`, `timeout_seconds`, `idempotent`,
        `isolation` ("lane" or "process"), `memory_mb` (of an isolated attempt),
        `pre_hook(executor, task, inputs)` (a value other than None is the result, and `execute` is skipped) and
        `post_hook(executor, task, inputs, result)`. Raises ExecutorConfigurationError.
        """
        spec = _make_spec(cls, dict(options))
        with self._lock:
            if options.get("override", True) or spec.id not in self._specs:
                self._specs[spec.id] = spec
            return self._specs[spec.id]

    def get(self, executor_id: str) -> ExecutorSpec:
        """Return one registration. Raises ExecutorNotFoundError."""
        spec = self._specs.get(executor_id)
        if spec is None:
            raise ExecutorNotFoundError(f"No executor {executor_id!r} is registered")
        return spec

    def __contains__(self, executor_id: object) -> bool:
        return executor_id in self._specs

    def __iter__(self) -> Iterator[ExecutorSpec]:
        with self._lock:
            return iter(sorted(self._specs.values(), key=lambda spec: spec.id))

    def __len__(self) -> int:
        return len(self._specs)

    def unregister(self, executor_id: str) -> None:
        """Forget an executor; one that isn't there is no error."""
        with self._lock:
            self._specs.pop(executor_id, None)

    def add_hook(self, executor_id: str, kind: str, hook: Callable[..., Any]) -> None:
        """Attach a `pre_hook` or `post_hook` to one executor. Raises ExecutorNotFoundError, ValueError."""
        if kind not in ("pre_hook", "post_hook"):
            raise ValueError(f"an executor's hook is 'pre_hook' or 'post_hook', not {kind!r}")
        self.get(executor_id).hooks[kind] = hook


_OPTIONS = {
    *("id", "override", "origin", "timeout_seconds", "idempotent", "isolation", "memory_mb", "pre_hook", "post_hook")
}


def _make_spec(cls: type[BaseTask], options: dict[str, Any]) -> ExecutorSpec:
    if not (isinstance(cls, type) and issubclass(cls, BaseTask)):
        raise ExecutorConfigurationError(f"{cls!r} is not a subclass of BaseTask; only such classes are executors")
    unknown = set(options) - _OPTIONS
    if unknown:
        raise ExecutorConfigurationError(
            f"executor_register has no option {', '.join(sorted(unknown))}; it has {', '.join(sorted(_OPTIONS))}"
        )
    own_id = options.get("id") or vars(cls).get("id") or snake_case(cls.__name__)
    if not isinstance(own_id, str) or not 0 < len(own_id) <= 255 or own_id != own_id.strip():
        raise ExecutorConfigurationError(f"{cls.__name__}.id must be a text of 1 to 255 characters, not {own_id!r}")
    isolation = options.get("isolation", cls.isolation)
    if isolation not in ("lane", "process"):
        raise ExecutorConfigurationError(f"{cls.__name__}.isolation is 'lane' or 'process', not {isolation!r}")
    cls.id = own_id
    return ExecutorSpec(
        id=own_id,
        cls=cls,
        module=cls.__module__,
        is_async=inspect.iscoroutinefunction(cls.execute),
        origin=options.get("origin") or _origin(cls.__module__),
        timeout_seconds=options.get("timeout_seconds"),
        idempotent=options.get("idempotent", cls.idempotent),
        isolation=isolation,
        memory_mb=options.get("memory_mb", cls.memory_mb),
        hooks={kind: options[kind] for kind in ("pre_hook", "post_hook") if options.get(kind)},
    )


def _origin(module: str) -> str:
    if module.startswith("orchestration.executors"):
        return "built-in"
    return "example" if module.startswith("examples.") else "user"


#: The registry behind the public decorator.
default_registry = ExecutorRegistry()


@overload
def executor_register(cls: T, /) -> T: ...
@overload
def executor_register(cls: None = None, /, **options: Any) -> Callable[[T], T]: ...
def executor_register(cls: T | None = None, /, **options: Any) -> T | Callable[[T], T]:
    """Register an executor class; works bare, called, and with options (see `ExecutorRegistry.register`).

    Example::

        @executor_register(timeout_seconds=30)
        class FetchUserData(BaseTask):
            async def execute(self, inputs):
                return {"status": "completed", "result": await fetch(inputs["user_id"])}
    """

    def decorate(target: T) -> T:
        default_registry.register(target, **options)
        return target

    return decorate if cls is None else decorate(cls)


def add_executor_hook(executor_id: str, kind: str, hook: Callable[..., Any]) -> None:
    """Attach a hook to one executor: `pre_hook(executor, task, inputs)` or `post_hook(executor, task, inputs, result)`.

    What a pre-hook returns, unless it is None, is the result, and `execute` is not called. Raises
    ExecutorNotFoundError, ValueError.
    """
    default_registry.add_hook(executor_id, kind, hook)


def clear_config() -> None:
    """Forget all hooks that were registered by decorators. Executors stay."""
    default_hooks.clear()
