"""Loading the part of the SDK that needs Django, when it is first asked for."""

from __future__ import annotations

import importlib
import os
from typing import Any

from orchestration.engine.errors import NotReadyError

_SDK = "orchestration.actions.sdk"
_HOMES = {
    "TaskManager": f"{_SDK}.manager",
    "TaskRepository": f"{_SDK}.repository",
    "TaskBuilder": f"{_SDK}.builder",
    "TaskCreator": f"{_SDK}.builder",
    "TaskExecutor": f"{_SDK}.builder",
    "execute_tasks": f"{_SDK}.builder",
    "create_session": f"{_SDK}.session",
    "get_default_session": f"{_SDK}.session",
    "create_pooled_session": f"{_SDK}.session",
}


def load(module: str, name: str) -> Any:
    """Return the named part of the SDK. Raises AttributeError when there is none, NotReadyError while Django starts."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    _set_up_django()
    return getattr(importlib.import_module(home), name)


def _set_up_django() -> None:
    import django
    from django.apps import apps

    if apps.models_ready:
        return
    if apps.app_configs:
        raise NotReadyError(
            "Django is still starting: import TaskManager and the like inside the function that uses it"
        )
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "apflow_site.settings")
    django.setup()
