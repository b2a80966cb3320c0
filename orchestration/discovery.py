"""Finding executors: `executors` modules and packages of installed apps, and what APFLOW_EXECUTORS names."""

from __future__ import annotations

import importlib
import logging
import os
import pkgutil
import traceback
from dataclasses import dataclass, field
from importlib.util import find_spec

import django
from django.apps import apps
from django.conf import settings

from orchestration.engine.config import EngineConfig, configure

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ImportFailure:
    """A module that should have brought executors and could not be imported."""

    module: str
    error: str
    traceback: str = field(repr=False)


#: Filled by `discover`, shown by `manage.py executors` and the pages.
failures: list[ImportFailure] = []


def set_up() -> None:
    """Load Django and the executors in a process that was started without them (an isolated attempt's)."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "apflow_site.settings")
    django.setup()


def discover() -> None:
    """Configure the engine from the settings and import every executor module.

    A module that fails to import is reported by name in `failures` and in the log; it does not stop the site.
    """
    configure(
        EngineConfig(
            max_result_bytes=settings.APFLOW_MAX_RESULT_BYTES,
            http_allowed_hosts=tuple(settings.APFLOW_HTTP_ALLOWED_HOSTS),
            command_allowlist=tuple(settings.APFLOW_COMMAND_ALLOWLIST),
            hook_modules=tuple(settings.APFLOW_HOOK_MODULES),
        )
    )
    failures.clear()
    for config in apps.get_app_configs():
        module = f"{config.name}.executors"
        if _exists(module):
            _import_package(module)
    for module in settings.APFLOW_EXECUTORS:
        _import_package(module)


def _exists(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _import_package(name: str) -> None:
    """Import a module and, when it is a package, everything below it."""
    module = _import(name)
    for part in pkgutil.walk_packages(getattr(module, "__path__", ()), f"{name}.", onerror=lambda _: None):
        _import(part.name)


def _import(name: str) -> object:
    try:
        return importlib.import_module(name)
    except Exception as error:  # noqa: BLE001 - importing an executor module runs other people's code
        failures.append(ImportFailure(name, f"{type(error).__name__}: {error}", traceback.format_exc()))
        logger.error("executor module %s can't be imported: %s: %s", name, type(error).__name__, error)
        return None
