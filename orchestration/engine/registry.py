"""The executor registry and the decorator that fills it."""

from __future__ import annotations

import inspect
import logging
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar, overload

from .base import BaseTask
from .errors import ExecutorConfigurationError, ExecutorNotFoundError
from .hooks import default_hooks
from .requirements import Requirement, is_package_name, look_up

logger = logging.getLogger("apflow.engine")

T = TypeVar("T", bound=type[BaseTask])
#: The origin of executors that were made in the admin.
MADE_HERE: Final = "made here"


@dataclass(frozen=True, slots=True)
class ExecutorSpec:
    """One registered executor and the options of its registration.

    `timeout_seconds` and `isolation` are defaults for its tasks; `origin` is `built-in`, `example`, `user` or
    `made here`.
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

    @property
    def version(self) -> str:
        """The version that its author gave it; empty when there is none."""
        return str(self.cls.version)

    @property
    def requirements(self) -> list[Requirement]:
        """The packages it needs, with what is installed of them in this process."""
        return look_up(self.cls.requires)

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
        #: Which state of the stored executors `replace_made` was given last.
        self.made_stamp = ""

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

    def find(self, executor_id: str) -> ExecutorSpec | None:
        """Return one registration, or None."""
        return self._specs.get(executor_id)

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

    def replace_made(self, classes: Sequence[type[BaseTask]], stamp: str) -> None:
        """Let exactly these be the executors that were made here. An id that code has registered stays the code's.

        Readers see the old ones or the new ones, never half of them.
        """
        with self._lock:
            specs = {spec.id: spec for spec in self._specs.values() if spec.origin != MADE_HERE}
            for cls in classes:
                spec = _make_spec(cls, {"origin": MADE_HERE})
                if spec.id in specs:
                    logger.warning("the executor %s was made here, and is code's too: the code's is used", spec.id)
                    continue
                if spec.id in self._specs:
                    spec.hooks.update(self._specs[spec.id].hooks)
                specs[spec.id] = spec
            self._specs, self.made_stamp = specs, stamp

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
    _check_facts(cls)
    _check_secrets(cls, isolation)
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


def _check_facts(cls: type[BaseTask]) -> None:
    if not isinstance(cls.version, str | int | float):
        raise ExecutorConfigurationError(f'{cls.__name__}.version must be a text such as "1.2", not {cls.version!r}')
    if not isinstance(cls.requires, list | tuple) or not all(map(is_package_name, cls.requires)):
        raise ExecutorConfigurationError(
            f'{cls.__name__}.requires must be a list of package names such as ["httpx"], not {cls.requires!r}'
        )


def _check_secrets(cls: type[BaseTask], isolation: str) -> None:
    if cls.secret_names and isolation == "process":
        raise ExecutorConfigurationError(
            f"{cls.__name__}.secret_names can't be had in an isolated process; take the secrets as inputs"
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
