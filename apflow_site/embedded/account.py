"""The unprivileged account that runs PostgreSQL when we are root (PostgreSQL refuses to run as root)."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apflow_site.embedded.errors import EmbeddedServerError

ACCOUNT_NAME = "apflow"


@dataclass(frozen=True)
class Account:
    """Who runs the server's programs; `uid` is None when that is simply the current user."""

    uid: int | None = None
    gid: int | None = None

    def process_options(self) -> dict[str, Any]:
        """Keyword arguments for `subprocess` which start a program as this account."""
        if self.uid is None or self.gid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def give(self, path: Path) -> None:
        """Make this account the owner of a file or folder that we have created."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


def owner_of(path: Path) -> Account:
    """The account which owns `path`."""
    status = path.stat()
    return Account(status.st_uid, status.st_gid)


def system_account() -> Account:
    """The system user "apflow", created when possible; else "nobody"."""
    entry = _lookup(ACCOUNT_NAME) or _create() or _lookup("nobody")
    if entry is None or entry.pw_uid == 0:
        raise EmbeddedServerError(
            f"PostgreSQL refuses to run as root and no user {ACCOUNT_NAME!r} could be made for it: create that user, "
            "run this command as an ordinary user, or set DATABASE_URL to a PostgreSQL server."
        )
    return Account(entry.pw_uid, entry.pw_gid)


def _lookup(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _create() -> pwd.struct_passwd | None:
    useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if useradd is None:
        return None
    command = [useradd, "--system", "--no-create-home", "--home-dir", "/nonexistent", ACCOUNT_NAME]
    # The result is not looked at: another process may have made the user a moment ago.
    subprocess.run([*command, "--shell", "/usr/sbin/nologin"], capture_output=True, check=False)
    return _lookup(ACCOUNT_NAME)
