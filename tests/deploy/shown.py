"""The files of docs/deploy, with a test's own names and paths in place of those of a server."""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "docs" / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
#: Programs of administrators lie in folders that are not on everybody's PATH.
SEARCHED = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

#: As long as the commands of the guide make them.
KEYS = {"APFLOW_SECRET_KEY": "k3yS/" * 14, "APFLOW_SECRETS_KEY": "+v4lt" * 12}


def environment(**changes: str) -> dict[str, str]:
    """What systemd reads in the environment file, its keys made as the guide says, with changes."""
    found = {}
    for line in (DEPLOY / "apflow.env").read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            (assignment,) = shlex.split(line)
            name, _, value = assignment.partition("=")
            found[name] = value
    assert {name for name, value in found.items() if value.startswith("change-me")} == KEYS.keys()
    assert changes.keys() <= found.keys()
    return found | KEYS | changes


def replaced(text: str, changes: dict[str, str]) -> str:
    """Replace words, each of which must be there."""
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


def setting(unit: str, name: str) -> list[str]:
    """The values of a setting in a unit's file."""
    text = (DEPLOY / "systemd" / unit).read_text(encoding="utf-8")
    return re.findall(rf"^{name}=(.*)$", text, re.MULTILINE)


def command(unit: str, **changes: str) -> list[str]:
    """What the unit starts, in this checkout."""
    assert setting(unit, "WorkingDirectory") == ["/srv/apflow"]
    (line,) = setting(unit, "ExecStart")
    return shlex.split(replaced(line, {"/srv/apflow/.venv/bin/python": sys.executable, **changes}))
