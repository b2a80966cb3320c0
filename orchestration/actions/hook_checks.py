"""What is wrong with a hook that is to be saved, field by field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from orchestration.engine.definition import MAX_NAME_CHARS
from orchestration.engine.errors import Problem
from orchestration.engine.hook_targets import HookTargetError, check_parameters, dotted, load_target
from orchestration.engine.hooks import default_hooks
from orchestration.engine.json_values import text_problem
from orchestration.models import HookRegistration, Tree
from orchestration.models.hooks import MAX_TIMEOUT_SECONDS, MIN_SECONDS

#: Entries of a filter.
MAX_ENTRIES: Final = 100
#: The outcomes that hooks of an event are called with.
STATUSES: Final[dict[str, tuple[str, ...]]] = {
    "post": ("completed", "failed"),
    "on_tree_completed": ("completed",),
    "on_tree_failed": ("failed", "cancelled"),
}


def hook_problems(hook: HookRegistration) -> list[Problem]:
    """List what is wrong with a hook. Of a function that was chosen, the module is imported to see."""
    if hook.event not in HookRegistration.Event.values:
        return [Problem("$.event", f"must be one of {', '.join(HookRegistration.Event.values)}")]
    problems = _text("$.name", hook.name, MAX_NAME_CHARS)
    problems += [] if hook.by_code else _target_problems(hook)
    if hook.on_error not in HookRegistration.OnError.values:
        problems.append(Problem("$.on_error", f"must be one of {', '.join(HookRegistration.OnError.values)}"))
    elif hook.on_error == HookRegistration.OnError.FAIL and hook.event not in HookRegistration.MAY_FAIL:
        problems.append(
            Problem("$.on_error", "can only be log here: what the hook is called for has ended, or not begun")
        )
    for name in ("timeout_seconds", "slow_seconds"):
        value = getattr(hook, name)
        if value is None or not MIN_SECONDS <= value <= MAX_TIMEOUT_SECONDS:
            problems.append(Problem(f"$.{name}", f"must be {MIN_SECONDS:g} to {MAX_TIMEOUT_SECONDS:g} seconds"))
    return problems + _filter_problems(hook)


def tree_problems(hook: HookRegistration, trees: Sequence[Tree], every_tree: bool | None) -> list[Problem]:
    """List what is wrong with the trees that a hook is to be for.

    With no tree it is for every one, unless those that it was for are deleted: then that has to be said. `every_tree`
    is what was said about it, None for nothing.
    """
    if every_tree and trees:
        return [Problem("$.every_tree", "is true: then name no trees")]
    if trees or every_tree:
        return []
    if every_tree is None and not is_orphan(hook):
        return []
    said = "the trees that it was for are deleted, so it is called for none" if is_orphan(hook) else "there are none"
    return [Problem("$.trees", f"{said}: choose others, or say that it is for every tree (every_tree)")]


def is_orphan(hook: HookRegistration) -> bool:
    """Tell whether the trees that a hook was for are all deleted."""
    return hook.pk is not None and not hook.every_tree and not hook.trees.exists()


def _target_problems(hook: HookRegistration) -> list[Problem]:
    if bool(hook.target) == (hook.webhook_id is not None):
        said = (
            "name a function, or choose a webhook" if not hook.target else "a hook is a function or a webhook, not both"
        )
        return [Problem("$.target", said)]
    if not hook.target:
        return []
    if len(hook.target) > 500:
        return [Problem("$.target", "must have 500 characters at most")]
    if (hook.event, dotted(hook.target)) in default_hooks.named():
        return [Problem("$.target", "the code registers this function already; arrange the hook that is listed for it")]
    try:
        check_parameters(load_target(hook.target), hook.event)
    except HookTargetError as error:
        return [Problem("$.target", str(error))]
    return []


def _filter_problems(hook: HookRegistration) -> list[Problem]:
    problems: list[Problem] = []
    for name, longest in (("tags", 50), ("executors", 255), ("statuses", 20)):
        entries: Sequence[str] = getattr(hook, name)
        if len(entries) > MAX_ENTRIES:
            problems.append(Problem(f"$.{name}", f"must have {MAX_ENTRIES} entries at most"))
        for entry in entries[:MAX_ENTRIES]:
            problems += _text(f"$.{name}", entry, longest)
    if hook.executors and hook.event not in HookRegistration.OF_TASKS:
        problems.append(Problem("$.executors", "must be empty: events of trees have no executor"))
    possible = STATUSES.get(hook.event, ())
    if hook.statuses and not possible:
        problems.append(Problem("$.statuses", "must be empty: at this event there is no outcome yet"))
    elif strange := [status for status in hook.statuses if status not in possible]:
        problems.append(Problem("$.statuses", f"can be {' or '.join(possible)} at this event, not {strange[0]!r}"))
    return problems


def _text(path: str, text: str, longest: int) -> list[Problem]:
    if not 0 < len(text.strip()) <= longest:
        return [Problem(path, f"must have 1 to {longest} characters")]
    said = text_problem(text)
    return [] if said is None else [Problem(path, said)]
