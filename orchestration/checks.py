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

from orchestration.sign_on_checks import check_sign_on

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
        "APFLOW_HOOK_MODULES",
        "APFLOW_HOST",
        "APFLOW_HSTS",
        "APFLOW_HTTPS",
        "APFLOW_HTTP_ALLOWED_HOSTS",
        "APFLOW_LEASE_SECONDS",
        "APFLOW_LOG_FORMAT",
        "APFLOW_LOGIN_ATTEMPTS",
        "APFLOW_LOGIN_PAUSE_MINUTES",
        "APFLOW_MAX_RESULT_BYTES",
        "APFLOW_METRICS_TOKEN",
        "APFLOW_OIDC_CLIENT_ID",
        "APFLOW_OIDC_CLIENT_SECRET",
        "APFLOW_OIDC_DEFAULT_ROLE",
        "APFLOW_OIDC_DOMAINS",
        "APFLOW_OIDC_ISSUER",
        "APFLOW_OIDC_LINK_BY_EMAIL",
        "APFLOW_OIDC_NAME",
        "APFLOW_OIDC_NEWCOMERS",
        "APFLOW_OIDC_ONLY",
        "APFLOW_OIDC_ROLES",
        "APFLOW_OIDC_ROLES_CLAIM",
        "APFLOW_OIDC_SCOPES",
        "APFLOW_PROXIES",
        "APFLOW_SECRETS_KEY",
        "APFLOW_SECRETS_OLD_KEYS",
        "APFLOW_SECRET_KEY",
        "APFLOW_SESSION_HOURS",
        "APFLOW_SESSION_IDLE_MINUTES",
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
        *(check_secrets_keys, check_variable_names, check_sign_on),
    ):
        checks.register(check)
    for check in (check_https, check_public_names, check_proxies, check_hsts):
        checks.register(check, deploy=True)


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


# --- for `check --deploy` ---------------------------------------------------------------------------------------------


def check_https(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """W010: cookies and passwords without TLS."""
    if settings.APFLOW_HTTPS:
        return []
    return [
        checks.Warning(
            "APFLOW_HTTPS is not set: cookies and passwords may travel unencrypted.",
            hint="Put a proxy that speaks TLS in front and set APFLOW_HTTPS=1; see docs/how-to/run-in-production.md.",
            id="apflow.W010",
        )
    ]


def check_public_names(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """W011: names under which nobody else can ask for the site, or any name at all."""
    public = [host for host in settings.ALLOWED_HOSTS if not _is_local(host)]
    if public and "*" not in public:
        return []
    found = "takes any name" if public else "has names of this machine alone"
    return [
        checks.Warning(
            f"APFLOW_ALLOWED_HOSTS {found}.",
            hint="Set it to the name that people type, such as APFLOW_ALLOWED_HOSTS=tasks.example.org.",
            id="apflow.W011",
        )
    ]


def check_proxies(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """W012: a proxy in front whose word on the visitor's address is not read."""
    if not settings.APFLOW_HTTPS or settings.APFLOW_PROXIES:
        return []
    return [
        checks.Warning(
            "APFLOW_HTTPS tells of a proxy and APFLOW_PROXIES is 0: all visitors seem to have the proxy's address, and "
            "one who guesses passwords locks out everybody of that name.",
            hint="Set APFLOW_PROXIES to the number of proxies, mostly 1.",
            id="apflow.W012",
        )
    ]


def check_hsts(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """W013: nobody has decided how far browsers shall insist on TLS."""
    if not settings.APFLOW_HTTPS or settings.APFLOW_HSTS != "undecided":
        return []
    return [
        checks.Warning(
            "APFLOW_HSTS is not set: browsers insist on TLS for the site's own name alone, for 30 days.",
            hint="Set APFLOW_HSTS=host if that is meant, or subdomains or preload: docs/reference/configuration.md.",
            id="apflow.W013",
        )
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
