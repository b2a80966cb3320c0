"""System checks of the configuration."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from django.core.checks import CheckMessage, Error, Warning, run_checks
from django.test import override_settings
from pytest_django import Settings

import apflow_site.settings
from orchestration import checks


def ids(messages: list[CheckMessage]) -> list[str | None]:
    """The messages' ids."""
    return [message.id for message in messages]


def test_the_checks_are_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APFLOW_NO_SUCH_THING", "1")
    with override_settings(APFLOW_LEASE_SECONDS=0):
        assert {"apflow.E001", "apflow.W001"} <= set(ids(run_checks()))


@pytest.mark.parametrize(("lease", "found"), [(1, ["apflow.E001"]), (2, []), (3600, []), (3601, ["apflow.E001"])])
def test_lease(settings: Settings, lease: int, found: list[str]) -> None:
    settings.APFLOW_LEASE_SECONDS = lease
    assert ids(checks.check_timings(None)) == found


@pytest.mark.parametrize(("drain", "found"), [(-1, ["apflow.E002"]), (0, []), (86_401, ["apflow.E002"])])
def test_drain(settings: Settings, drain: int, found: list[str]) -> None:
    settings.APFLOW_DRAIN_SECONDS = drain
    assert ids(checks.check_timings(None)) == found


def test_all_missing_variables_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THERE", "x")
    monkeypatch.setenv("BLANK", " ")
    monkeypatch.delenv("MISSING", raising=False)
    with override_settings(ORCHESTRATION_REQUIRED_ENV=["THERE", "BLANK", "MISSING", "MISSING"]):
        (message,) = checks.check_required_environment(None)
    assert isinstance(message, Error)
    assert message.id == "apflow.E003"
    assert message.msg == "Required environment variables are not set: BLANK, MISSING."


def test_nothing_required_is_no_error(settings: Settings) -> None:
    settings.ORCHESTRATION_REQUIRED_ENV = []
    assert checks.check_required_environment(None) == []


def test_executor_modules_that_are_not_there(settings: Settings) -> None:
    settings.APFLOW_EXECUTORS = ["json.decoder", "no_such_module", "json.no_such_module", "no_parent.child", "..x", ""]
    messages = checks.check_executor_modules(None)
    assert ids(messages) == ["apflow.E004"] * 5
    assert "'no_such_module'" in messages[0].msg


@pytest.mark.parametrize(
    ("debug", "host", "allowed", "found"),
    [
        (True, "127.0.0.1", ["localhost", "127.0.0.1", "[::1]", "flows.localhost"], []),
        (True, "0.0.0.0", ["localhost"], ["apflow.E005"]),
        (True, "127.0.0.1", ["flows.example.org"], ["apflow.E005"]),
        (True, "127.0.0.1", ["*"], ["apflow.E005"]),
        (False, "0.0.0.0", ["*"], []),
    ],
)
def test_debug_in_public(settings: Settings, debug: bool, host: str, allowed: list[str], found: list[str]) -> None:
    settings.APFLOW_DEBUG = debug
    settings.APFLOW_HOST = host
    settings.ALLOWED_HOSTS = allowed
    assert ids(checks.check_debug(None)) == found


@pytest.mark.parametrize(
    ("key", "old", "found"),
    [("", [], []), ("k" * 32, ["o" * 40], []), ("short", [], ["apflow.E006"]), ("k" * 31, ["o"], ["apflow.E006"] * 2)],
)
def test_keys_of_secrets(settings: Settings, key: str, old: list[str], found: list[str]) -> None:
    settings.APFLOW_SECRETS_KEY, settings.APFLOW_SECRETS_OLD_KEYS = key, old
    messages = checks.check_secrets_keys(None)
    assert [message.id for message in messages] == found
    assert all("openssl rand" in str(message.hint) for message in messages)


def test_unknown_variables_get_a_suggestion(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("APFLOW_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("APFLOW_WORKER_SLOT", "3")
    monkeypatch.setenv("APFLOW_DEBUG", "0")
    monkeypatch.setenv("APFLOW_ZZZZZZZZZ", "0")
    close, far = checks.check_variable_names(None)
    assert isinstance(close, Warning)
    assert "APFLOW_WORKER_SLOT " in close.msg
    assert close.hint == "Did you mean APFLOW_WORKER_SLOTS?"
    assert far.hint is None


def test_every_variable_that_the_settings_read_is_known() -> None:
    source = Path(apflow_site.settings.__file__).read_text(encoding="utf-8")
    read = set(re.findall(r'(?:env_\w+|environ\.get)\("(APFLOW_\w+)"', source))
    # The first administrator's password is read by `manage.py start` alone.
    assert read | {"APFLOW_ADMIN_PASSWORD"} == checks.KNOWN_VARIABLES
