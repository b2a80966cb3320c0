"""What docs/deploy shows: the settings pass every check, and systemd and nginx take the files."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.checks import run_checks
from django.test import override_settings

import apflow_site.settings
from tests.deploy.shown import DEPLOY, ROOT, SEARCHED, UNITS, environment, replaced, setting
from tests.deploy.test_in_production import Nginx

SERVICES = [unit.name for unit in UNITS if unit.suffix == ".service"]
GUIDE = (ROOT / "docs" / "how-to" / "run-in-production.md").read_text(encoding="utf-8")


def settings_of(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the settings are with these variables and no others of ours."""
    for name in [name for name in os.environ if name.startswith(("APFLOW_", "DATABASE_URL"))]:
        monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    spec = importlib.util.spec_from_file_location("settings_on_trial", apflow_site.settings.__file__)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {name: value for name, value in vars(module).items() if name.isupper()}


def check_deploy(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str | None, str]:
    """What `check --deploy` finds with these variables and no others of ours: messages and hints by id."""
    read = settings_of(variables, monkeypatch)
    names = [name for name in read if name.startswith(("APFLOW_", "SECURE_", "SECRET_", "SILENCED_", "ALLOWED_"))]
    names += [name for name in read if name.startswith(("SESSION_COOKIE", "CSRF_COOKIE", "X_FRAME"))]
    # What is set only with APFLOW_HTTPS must not come from elsewhere.
    with override_settings(**{name: read[name] for name in names}):
        found = run_checks(include_deployment_checks=True)
        return {message.id: f"{message.msg} {message.hint}" for message in found if not message.is_silenced()}


def test_check_deploy_finds_nothing_with_the_settings_of_the_guide(tmp_path: Path) -> None:
    """In a process of its own, with exactly these variables."""
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "DEBUG"]
    variables = environment(APFLOW_DATA_DIR=str(tmp_path))
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    assert done.stdout + done.stderr == "System check identified no issues (2 silenced).\n"


def test_check_deploy_says_what_is_missing_without_them(monkeypatch: pytest.MonkeyPatch) -> None:
    said = check_deploy({}, monkeypatch)
    assert {name for name in said if name and name.startswith("apflow")} == {"apflow.W010", "apflow.W011"}
    assert "Put a proxy that speaks TLS in front and set APFLOW_HTTPS=1" in said["apflow.W010"]
    said = check_deploy({"APFLOW_HTTPS": "1", "APFLOW_ALLOWED_HOSTS": "*"}, monkeypatch)
    assert {name for name in said if name and name.startswith("apflow")} == {f"apflow.W01{n}" for n in (1, 2, 3)}
    assert "APFLOW_ALLOWED_HOSTS takes any name" in said["apflow.W011"]


def test_the_keys_of_the_file_as_it_is_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    unchanged = environment(APFLOW_SECRET_KEY="change-me", APFLOW_SECRETS_KEY="change-me-too")
    assert check_deploy(unchanged, monkeypatch).keys() == {"security.W009", "apflow.E006"}


@pytest.mark.parametrize(
    ("choice", "days", "subdomains", "preload"),
    [("host", 30, False, False), ("subdomains", 30, True, False), ("preload", 365, True, True)],
)
def test_each_choice_of_hsts_is_one(
    choice: str, days: int, subdomains: bool, preload: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = environment(APFLOW_HSTS=choice)
    read = settings_of(variables, monkeypatch)
    assert read["SECURE_HSTS_SECONDS"] == days * 24 * 3600
    assert (read["SECURE_HSTS_INCLUDE_SUBDOMAINS"], read["SECURE_HSTS_PRELOAD"]) == (subdomains, preload)
    assert check_deploy(variables, monkeypatch) == {}


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze", path=SEARCHED)
    if program is None:
        pytest.skip("NO SYSTEMD: its units in docs/deploy were not verified; install the package systemd")
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8")
        (tmp_path / unit.name).write_text(text.replace("/srv/apflow/.venv/bin/python", sys.executable))
    units = [str(tmp_path / unit.name.replace("@.", "@1.")) for unit in UNITS]
    # An instance is a link to its template.
    (tmp_path / "apflow-worker@1.service").symlink_to(tmp_path / "apflow-worker@.service")
    done = subprocess.run([program, "verify", "--man=no", *units], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("unit", SERVICES)
def test_a_service_is_the_users_own_and_may_do_no_more_than_it_needs(unit: str) -> None:
    assert setting(unit, "User") == ["apflow"]
    assert setting(unit, "EnvironmentFile") == ["/etc/apflow/apflow.env"]
    for name in ("NoNewPrivileges", "PrivateTmp", "ProtectHome", "RestrictSUIDSGID", "ProtectKernelTunables"):
        assert setting(unit, name) == ["yes"], name
    assert setting(unit, "ProtectSystem") == ["strict"]
    assert setting(unit, "StateDirectory") == ["apflow"]
    assert setting(unit, "CapabilityBoundingSet") == [""]
    if unit not in ("apflow-backup.service", "apflow-prune.service"):
        assert (setting(unit, "Restart"), setting(unit, "KillMode")) == (["always"], ["mixed"])


@pytest.mark.parametrize("unit", ["apflow-worker@.service", "apflow.service"])
def test_a_worker_is_given_more_time_than_it_may_drain(unit: str) -> None:
    assert int(setting(unit, "TimeoutStopSec")[0]) >= settings.APFLOW_DRAIN_SECONDS + 30


def test_nginx_takes_its_file(tmp_path: Path) -> None:
    program = shutil.which("nginx", path=SEARCHED)
    if program is None:
        pytest.skip("NO NGINX: its file in docs/deploy was not verified; install the package nginx")
    Nginx(program, tmp_path, upstream=1).write()
    done = subprocess.run(
        [program, "-t", "-e", "stderr", "-c", str(tmp_path / "nginx.conf")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr


def test_the_wrapper_and_systemd_read_the_file_alike(tmp_path: Path) -> None:
    """`apflow-manage` reads it as a shell does."""
    wrapper = replaced(
        (DEPLOY / "apflow-manage").read_text(encoding="utf-8"),
        {
            "runuser -u apflow -- /bin/sh": "/bin/sh",
            ". /etc/apflow/apflow.env": f". {DEPLOY / 'apflow.env'}",
            "cd /srv/apflow && exec .venv/bin/python manage.py": 'env; printf "%s\\n"',
        },
    )
    (tmp_path / "apflow-manage").write_text(wrapper)
    command = ["/bin/sh", str(tmp_path / "apflow-manage"), "check", "a b"]
    done = subprocess.run(command, capture_output=True, text=True, env={}, check=True)
    lines = done.stdout.splitlines()
    read = dict(line.split("=", 1) for line in lines if line.startswith(("APFLOW_", "DATABASE_URL")))
    assert read == environment(APFLOW_SECRET_KEY="change-me", APFLOW_SECRETS_KEY="change-me-too")
    assert lines[-2:] == ["check", "a b"]


def test_the_guide_names_every_file() -> None:
    for file in (path for path in DEPLOY.rglob("*") if path.is_file()):
        assert file.name in GUIDE, file.name
