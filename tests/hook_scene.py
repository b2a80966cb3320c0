"""Hooks of an installation, for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from orchestration.engine.config import configure, current_config
from orchestration.models import HookRegistration
from orchestration.store.hooks import lock_hooks

FUNCTIONS = "tests.hook_functions"


@contextmanager
def allowing(*modules: str) -> Iterator[None]:
    """Allow modules for hooks meanwhile."""
    before = current_config()
    configure(replace(before, hook_modules=modules))
    try:
        yield
    finally:
        configure(before)


def make_hook(
    name: str = "Stamp", event: str = "pre", target: str = f"{FUNCTIONS}:stamp", **fields: Any
) -> HookRegistration:
    """Make a hook as its row is, at the end of its event."""
    if fields.get("webhook") is not None:
        target = ""
    place = HookRegistration.objects.filter(event=event).count() + 1
    lock_hooks()  # workers look at the version alone
    return HookRegistration.objects.create(name=name, event=event, target=target, **{"position": place, **fields})
