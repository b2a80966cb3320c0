"""Acts on hooks: make, change, switch, put in order, delete. Callers ask the rules first who may."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from orchestration.engine.errors import InvalidDefinitionError, OrchestrationError, Problem
from orchestration.engine.hooks import default_hooks
from orchestration.models import HookOrder, HookRegistration, OutgoingWebhook, Tree, Worker
from orchestration.store.hooks import list_own_hooks, lock_hooks

from . import audit
from .hook_checks import hook_problems, tree_problems
from .locking import locked
from .row_facts import changes

#: What people decide about a hook, besides its trees, its place and whether it is on; of a code's hook the second part.
OWN_FIELDS: Final = ("name", "event", "target", "webhook")
FIELDS: Final = (*OWN_FIELDS, "on_error", "timeout_seconds", "slow_seconds", "tags", "executors", "statuses")


class HooksChangedError(OrchestrationError):
    """Somebody has changed the hooks in the meantime: look at their order again, then put them in yours."""


class HookInCodeError(OrchestrationError):
    """The code registers this hook, so it would be back at once; switch it off instead."""


def create_hook(
    values: Mapping[str, Any],
    trees: Sequence[Tree],
    *,
    user: AbstractBaseUser,
    enabled: bool = True,
    every_tree: bool | None = None,
) -> HookRegistration:
    """Make a hook; it runs after those that are there. `values` holds FIELDS; of trees see `tree_problems`.

    Raises InvalidDefinitionError.
    """
    hook = HookRegistration(enabled=enabled)
    _apply(hook, values)
    problems = hook_problems(hook) + tree_problems(hook, trees, every_tree)
    with transaction.atomic():
        lock_hooks()
        _save(hook, trees, user, problems)
        audit.record("hook.create", hook, user=user, detail=_facts(hook))
    return hook


def change_hook(
    hook: HookRegistration,
    values: Mapping[str, Any],
    trees: Sequence[Tree],
    *,
    user: AbstractBaseUser,
    every_tree: bool | None = None,
) -> HookRegistration:
    """Change some of FIELDS, and the trees, of which see `tree_problems`. What the code says of a hook stays.

    Raises InvalidDefinitionError.
    """
    tried = HookRegistration.objects.get(pk=hook.pk)
    _apply(tried, values)
    # Looked at before anything is locked: it may import a module.
    problems = hook_problems(tried)
    with transaction.atomic():
        lock_hooks()
        now = HookRegistration.objects.select_related("webhook").get(pk=hook.pk)
        before = _facts(now)
        problems += tree_problems(now, trees, every_tree)
        _apply(now, values)
        _save(now, trees, user, problems, at_end=now.event != before["event"])
        audit.record("hook.change", now, user=user, detail={"changed": changes(before, _facts(now))})
    return now


def switch_hook(hook: HookRegistration, enabled: bool, *, user: AbstractBaseUser) -> HookRegistration:
    """Switch a hook on or off. Running workers follow within two seconds."""
    with transaction.atomic():
        lock_hooks()
        now = HookRegistration.objects.get(pk=hook.pk)
        if now.enabled != enabled:
            now.enabled, now.updated_by_id = enabled, user.pk
            now.save(update_fields=["enabled", "updated_by", "updated_at"])
            audit.record(f"hook.{'on' if enabled else 'off'}", now, user=user)
    return now


def delete_hook(hook: HookRegistration, *, user: AbstractBaseUser) -> None:
    """Delete a hook and what was counted of it.

    Raises HookInCodeError while a process registers it, and HookRegistration.DoesNotExist.
    """
    with transaction.atomic():
        lock_hooks()
        # Workers that count its calls don't ask for the lock of all hooks.
        now = locked(HookRegistration.objects.select_related("webhook"), hook.pk)
        if now.by_code and is_registered(now, registered_hooks()):
            raise HookInCodeError
        audit.record("hook.delete", now, user=user, detail=_facts(now))
        now.delete()


def order_hooks(event: str, ids: Sequence[int], version: int, *, user: AbstractBaseUser) -> int:
    """Put the hooks of an event in this order, and return the new version of all hooks.

    `version` is that of the order which the caller has seen. Raises HooksChangedError when there is another by now, and
    InvalidDefinitionError when `ids` are not the hooks of the event, each once.
    """
    with transaction.atomic():
        new_version = lock_hooks()
        if version != new_version - 1:
            raise HooksChangedError
        hooks = {hook.pk: hook for hook in HookRegistration.objects.filter(event=event)}
        if sorted(ids) != sorted(hooks):
            raise InvalidDefinitionError([Problem("$.hooks", "must be all hooks of the event, each once")])
        before = [hook.pk for hook in HookRegistration.objects.filter(event=event).in_order()]
        for place, pk in enumerate(ids, 1):
            hooks[pk].position = place
        HookRegistration.objects.bulk_update(hooks.values(), ["position"])
        detail = {"event": event, "before": _names(hooks, before), "after": _names(hooks, ids)}
        audit.record("hook.order", user=user, detail=detail)
    return new_version


def move_hook(hook: HookRegistration, by: int, version: int, *, user: AbstractBaseUser) -> int:
    """Move a hook up (-1) or down (1) among those of its event; see `order_hooks`. At an end it stays there."""
    ids = list(HookRegistration.objects.filter(event=hook.event).in_order().values_list("pk", flat=True))
    if hook.pk not in ids:
        raise HooksChangedError
    place = ids.index(hook.pk)
    ids.insert(min(max(place + by, 0), len(ids) - 1), ids.pop(place))
    return order_hooks(hook.event, ids, version, user=user)


def list_code_hooks() -> None:
    """Make rows for the hooks that this process has and nobody has listed yet."""
    known = set(HookRegistration.objects.filter(origin="decorator").values_list("event", "target"))
    if missing := [pair for pair in default_hooks.named() if pair not in known]:
        with transaction.atomic():
            list_own_hooks(missing)


def hooks_version() -> int:
    """Return the version of all hooks together."""
    return HookOrder.objects.filter(pk=1).values_list("version", flat=True).first() or 0


def registered_hooks() -> set[tuple[str, str]]:
    """Return event and dotted name of the hooks that this process or a live worker registers."""
    told = Worker.objects.live().values_list("hooks", flat=True)
    found = {(event, name) for lines in told for event, _, name in (line.partition(" ") for line in lines)}
    return found | set(default_hooks.named())


def is_registered(hook: HookRegistration, registered: set[tuple[str, str]]) -> bool:
    """Tell whether a code's hook is still there; one of the admin's always is."""
    return not hook.by_code or (hook.event, hook.target) in registered


def _apply(hook: HookRegistration, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if not (hook.by_code and name in OWN_FIELDS):
            setattr(hook, name, value.strip() if isinstance(value, str) else value)


def _save(
    hook: HookRegistration,
    trees: Sequence[Tree],
    user: AbstractBaseUser,
    problems: list[Problem],
    *,
    at_end: bool = False,
) -> None:
    others = HookRegistration.objects.filter(event=hook.event).exclude(pk=hook.pk)
    if others.filter(name=hook.name).exists():
        problems.append(Problem("$.name", "another hook of this event is called so"))
    # It may have been deleted since it was chosen; from here on the lock keeps it.
    if hook.webhook_id is not None and not OutgoingWebhook.objects.filter(pk=hook.webhook_id).exists():
        problems.append(Problem("$.webhook", "there is no such webhook"))
    if problems:
        raise InvalidDefinitionError(problems)
    if hook.pk is None or at_end:
        last = others.order_by("-position").values_list("position", flat=True).first()
        hook.position = (last or 0) + 1
    hook.every_tree, hook.updated_by_id = not trees, user.pk
    hook.save()
    hook.trees.set(trees)


def _facts(hook: HookRegistration) -> dict[str, Any]:
    """What the audit trail keeps of a hook."""
    plain = {name: getattr(hook, name) for name in FIELDS if name != "webhook"}
    trees = sorted(str(pk) for pk in hook.trees.values_list("pk", flat=True))
    return plain | {"webhook": str(hook.webhook or ""), "every_tree": hook.every_tree, "trees": trees}


def _names(hooks: Mapping[int, HookRegistration], ids: Sequence[int]) -> list[str]:
    return [hooks[pk].name for pk in ids]
