"""System checks of the configuration: what is readable but makes no sense, found before anything starts.

Errors stop the commands; warnings are printed. A value that can't even be read is refused earlier, by the settings.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage

MIN_LEASE_SECONDS = 2
MAX_LEASE_SECONDS = 3600
MAX_DRAIN_SECONDS = 24 * 3600

# Every environment variable of ours; a misspelt one is silently without effect, so the others are reported.
KNOWN_VARIABLES = frozenset(
    {
        "APFLOW_ADMIN_PASSWORD",
        "APFLOW_ALLOWED_HOSTS",
        "APFLOW_COMMAND_ALLOWLIST",
        "APFLOW_CSRF_TRUSTED_ORIGINS",
        "APFLOW_DATA_DIR",
        "APFLOW_DEBUG",
        "APFLOW_DRAIN_SECONDS",
        "APFLOW_EXAMPLES",
        "APFLOW_EXECUTORS",
        "APFLOW_HOST",
        "APFLOW_HTTPS",
        "APFLOW_HTTP_ALLOWED_HOSTS",
        "APFLOW_LEASE_SECONDS",
        "APFLOW_LOG_FORMAT",
        "APFLOW_LOGIN_ATTEMPTS",
        "APFLOW_LOGIN_PAUSE_MINUTES",
        "APFLOW_MAX_RESULT_BYTES",
        "APFLOW_METRICS_TOKEN",
        "APFLOW_PROXIES",
        "APFLOW_SECRETS_KEY",
        "APFLOW_SECRETS_OLD_KEYS",
        "APFLOW_SECRET_KEY",
        "APFLOW_WORKER_SLOTS",
    }
)

# What the `apflow` command reads; the server does not.
CLIENT_VARIABLES = frozenset({"APFLOW_TOKEN", "APFLOW_URL"})

MIN_KEY_CHARS = 32

_LOCAL_NAMES = frozenset({"localhost", ""})


def register() -> None:
    """Register the checks with Django; called when the app is ready."""
    for check in (
        *(check_timings, check_required_environment, check_executor_modules, check_debug),
        *(check_secrets_keys, check_variable_names),
    ):
        checks.register(check)


def check_timings(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E001: the lease's length; E002: the drain limit."""
    messages: list[CheckMessage] = []
    lease, drain = settings.APFLOW_LEASE_SECONDS, settings.APFLOW_DRAIN_SECONDS
    if not MIN_LEASE_SECONDS <= lease <= MAX_LEASE_SECONDS:
        messages.append(
            checks.Error(
                f"APFLOW_LEASE_SECONDS is {lease}; it must be from {MIN_LEASE_SECONDS} to {MAX_LEASE_SECONDS}.",
                hint="A shorter lease takes a busy worker for lost, a longer one leaves runs of a lost worker waiting.",
                id="apflow.E001",
            )
        )
    if not 0 <= drain <= MAX_DRAIN_SECONDS:
        messages.append(
            checks.Error(
                f"APFLOW_DRAIN_SECONDS is {drain}; it must be from 0 to {MAX_DRAIN_SECONDS}.",
                hint="0 hands running tasks back at once when a worker is stopped.",
                id="apflow.E002",
            )
        )
    return messages


def check_required_environment(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E003: environment variables of ORCHESTRATION_REQUIRED_ENV that are unset or blank, all of them in one error."""
    required = [str(name) for name in settings.ORCHESTRATION_REQUIRED_ENV]
    missing = [name for name in dict.fromkeys(required) if not os.environ.get(name, "").strip()]
    if not missing:
        return []
    return [
        checks.Error(
            f"Required environment variables are not set: {', '.join(missing)}.",
            hint="Set them, or take them off ORCHESTRATION_REQUIRED_ENV.",
            id="apflow.E003",
        )
    ]


def check_executor_modules(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E004: modules of APFLOW_EXECUTORS that are not there. They are looked for, not imported."""
    return [
        checks.Error(
            f"APFLOW_EXECUTORS names the module {module!r}, which is not there.",
            hint="Install its package, put its folder on PYTHONPATH, or take it off the list.",
            id="apflow.E004",
        )
        for module in settings.APFLOW_EXECUTORS
        if not _module_exists(module)
    ]


def check_debug(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E005: debug pages, which show settings and source, on an address that others can reach."""
    if not settings.APFLOW_DEBUG:
        return []
    public = [host for host in (settings.APFLOW_HOST, *settings.ALLOWED_HOSTS) if not _is_local(host)]
    if not public:
        return []
    return [
        checks.Error(
            f"APFLOW_DEBUG is on while the site is reachable by others ({', '.join(dict.fromkeys(public))}).",
            hint="Switch APFLOW_DEBUG off, or keep APFLOW_HOST and APFLOW_ALLOWED_HOSTS to this machine.",
            id="apflow.E005",
        )
    ]


def check_secrets_keys(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E006: keys of secrets that could be guessed."""
    keys = {"APFLOW_SECRETS_KEY": [settings.APFLOW_SECRETS_KEY] if settings.APFLOW_SECRETS_KEY else []}
    keys["APFLOW_SECRETS_OLD_KEYS"] = settings.APFLOW_SECRETS_OLD_KEYS
    return [
        checks.Error(
            f"{name} has a key of {len(key)} characters; it needs at least {MIN_KEY_CHARS}.",
            hint="Make one with `openssl rand -base64 33`.",
            id="apflow.E006",
        )
        for name, several in keys.items()
        for key in several
        if len(key) < MIN_KEY_CHARS
    ]


def check_variable_names(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """W001: environment variables that look like ours and are not."""
    return [
        checks.Warning(
            f"The environment variable {name} is unknown and has no effect.",
            hint=_did_you_mean(name),
            id="apflow.W001",
        )
        for name in sorted(os.environ)
        if name.startswith("APFLOW_") and name not in KNOWN_VARIABLES | CLIENT_VARIABLES
    ]


def _module_exists(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):  # a parent package is missing, or the text is no module name
        return False


def _is_local(host: str) -> bool:
    name = host.removeprefix("[").removesuffix("]").lower()
    if name in _LOCAL_NAMES or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _did_you_mean(name: str) -> str | None:
    close = difflib.get_close_matches(name, KNOWN_VARIABLES, n=1)
    return f"Did you mean {close[0]}?" if close else None
