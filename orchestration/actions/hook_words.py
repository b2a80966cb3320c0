"""What a hook is called for, in words."""

from __future__ import annotations

from collections.abc import Sequence

from orchestration.models import HookRegistration

_EVERYTHING = {"pre": "every task", "post": "every task"}


def filter_words(hook: HookRegistration) -> str:
    """Return what a hook is called for in a few words. Its trees are loaded."""
    parts = []
    trees = [tree.name for tree in hook.trees.all()]
    if not hook.every_tree:
        parts.append(f"in {_listed(trees)}" if trees else "in trees that were deleted: none")
    if hook.tags:
        parts.append(f"in trees tagged {_listed(hook.tags)}")
    if hook.executors:
        parts.append(f"by {_listed(hook.executors)}")
    if hook.statuses:
        parts.append(
            f"that {_listed(hook.statuses)}" if hook.event == "post" else f"that ended {_listed(hook.statuses)}"
        )
    subject = "tasks" if hook.event in HookRegistration.OF_TASKS else "runs"
    return f"{subject} {', '.join(parts)}" if parts else _EVERYTHING.get(hook.event, "every run")


def _listed(names: Sequence[str]) -> str:
    shown = list(names[:3])
    more = len(names) - len(shown)
    return f"{', '.join(shown)} or {more} more" if more else " or ".join(shown)
