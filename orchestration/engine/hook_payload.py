"""What a webhook is told when a hook of its event is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .errors import NotStorableError
from .hook_plan import HookFacts
from .json_values import encode, storable_text

if TYPE_CHECKING:
    from .runner import HookTask

#: Inputs or a result that are larger, as JSON, are left out; their names are listed in `left_out`.
MAX_VALUE_BYTES: Final = 96 * 1024


def hook_payload(event: str, facts: HookFacts, view: HookTask, *more: Any) -> dict[str, Any]:
    """Return what a webhook is told. `view` and `more` are what a function is called with at this event."""
    payload: dict[str, Any] = {
        "event": event,
        "run": {"id": view.run_id},
        "tree": {"id": facts.tree_id, "name": facts.tree_name, "tags": list(facts.tags)},
    }
    if event.startswith("on_tree"):
        payload["run"]["status"] = facts.status
        if event == "on_tree_failed" and more:
            payload["run"]["error"] = storable_text(str(more[0]), 2_000)
        return payload
    values: dict[str, Any] = {"inputs": more[0] if more else view.inputs}
    if event == "post":
        values["result"] = more[1] if len(more) > 1 else view.result
    task: dict[str, Any] = {"id": view.id, "name": view.name, "executor": view.type, "attempt": view.attempt}
    task |= {"status": view.status, "error": view.error}
    left_out = [name for name, value in values.items() if not _fits(value)]
    task |= {name: value for name, value in values.items() if name not in left_out}
    return {**payload, "task": {**task, "left_out": left_out} if left_out else task}


def _fits(value: Any) -> bool:
    try:
        encode(value, "the value", MAX_VALUE_BYTES)
    except NotStorableError:
        return False
    return True
