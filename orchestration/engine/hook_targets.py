"""Functions that are chosen as hooks by their name: found, checked and called."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable
from typing import Any, Final

from .config import current_config
from .errors import OrchestrationError
from .hooks import PARAMETERS

_WRITTEN: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*)?\Z")


class HookTargetError(OrchestrationError):
    """There is no such function, or it can't be a hook."""


def dotted(target: str) -> str:
    """Return `module:function` as `module.function`, as hooks are called in events."""
    return target.replace(":", ".")


def load_target(target: str) -> Callable[..., Any]:
    """Import the function that `module:function` or `module.function` names.

    Its module must be one of `hook_modules`, or lie below one, and so must the one that it was written in: what an
    allowed module imports for itself, such as `os`, is not allowed by that. Importing runs the module's code. Raises
    HookTargetError that says what is wrong and what to do.
    """
    module, path = _split(target)
    _check_allowed(module)
    try:
        found: Any = importlib.import_module(module)
    except Exception as error:
        raise HookTargetError(f"{module} can't be imported: {type(error).__name__}: {error}") from error
    for part in path.split("."):
        found = getattr(found, part, None)
        if found is None:
            raise HookTargetError(f"there is no {path} in {module}")
        if inspect.ismodule(found):
            raise HookTargetError(f"{part} is a module that {module} imports; name the module that is meant itself")
    if not callable(found):
        raise HookTargetError(f"{dotted(target)} can't be called: it is a {type(found).__name__}")
    home = getattr(found, "__module__", None)
    if "__" in path or not isinstance(home, str) or not _is_allowed(home):
        raise HookTargetError(
            f"{dotted(target)} was not written in {module}, nor in another module that is allowed for hooks; write a "
            "function there that calls it"
        )
    called: Callable[..., Any] = found
    return called


def check_parameters(hook: Callable[..., Any], event: str) -> None:
    """Raise HookTargetError when a function can't be called with what hooks of this event get."""
    wanted = PARAMETERS[event]
    try:
        signature = inspect.signature(hook)
    except (TypeError, ValueError):
        return  # of some built-ins nothing is known
    try:
        signature.bind(*wanted)
    except TypeError as error:
        said = f"hooks of this event are called with ({', '.join(wanted)})"
        raise HookTargetError(f"{said}, and this function takes {signature}") from error


def _split(target: str) -> tuple[str, str]:
    if not _WRITTEN.match(target):
        raise HookTargetError("write it as module:function, such as shop.hooks:check_order")
    module, colon, path = target.partition(":")
    if not colon:
        module, _, path = target.rpartition(".")
    if not module:
        raise HookTargetError("name the module too, such as shop.hooks:check_order")
    return module, path


def _check_allowed(module: str) -> None:
    if _is_allowed(module):
        return
    allowed = current_config().hook_modules
    if not allowed:
        raise HookTargetError(
            "no module is allowed for hooks; name those that are in APFLOW_HOOK_MODULES and restart web and workers"
        )
    raise HookTargetError(
        f"the module {module} is not allowed for hooks; those in APFLOW_HOOK_MODULES are: {', '.join(allowed)}"
    )


def _is_allowed(module: str) -> bool:
    return any(module == prefix or module.startswith(f"{prefix}.") for prefix in current_config().hook_modules)


class LazyTarget:
    """A function that is imported when it is first called, where other people's code may run."""

    def __init__(self, target: str) -> None:
        self._target = target

    def __call__(self, *arguments: Any) -> Any:
        """Call the function; what an async one returns is to be awaited."""
        return load_target(self._target)(*arguments)
