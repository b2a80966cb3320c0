"""Which server, and with which token: from the environment, or from what `apflow login` has stored."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from apflow.client import ClientError
from apflow.client.address import server_address

URL_VARIABLE: Final = "APFLOW_URL"
TOKEN_VARIABLE: Final = "APFLOW_TOKEN"  # noqa: S105  (the variable's name)


class AccountError(ClientError):
    """There is no server or no token to go by, or what is stored can't be used."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True)
class Account:
    """A server and the token for it."""

    url: str
    token: str = field(repr=False)
    insecure: bool = False


def current_account(*, insecure: bool = False) -> Account:
    """Return the account to use: each variable of the environment goes before what is stored. Raises AccountError."""
    url, token = os.environ.get(URL_VARIABLE, ""), os.environ.get(TOKEN_VARIABLE, "")
    if url and token:
        return Account(server_address(url, insecure=insecure), token, insecure)
    stored = load_account()
    if stored is None:
        missing = TOKEN_VARIABLE if url else f"{URL_VARIABLE} and {TOKEN_VARIABLE}"
        raise AccountError("You are not signed in.", f"Run `apflow login URL`, or set {missing}.")
    if url and server_address(url, insecure=True) != stored.url:
        # The stored token is for that server alone; another one must never see it.
        raise AccountError(
            f"There is no token for {url}; you are signed in to {stored.url}.",
            f"Set {TOKEN_VARIABLE} too, or run `apflow login {url}`.",
        )
    return Account(stored.url, token or stored.token, insecure or stored.insecure)


def account_file() -> Path:
    """Return where accounts are stored."""
    base = os.environ.get("XDG_CONFIG_HOME", "")
    folder = Path(base) if base.startswith("/") else Path.home() / ".config"
    return folder / "apflow" / "account.json"


def load_account() -> Account | None:
    """Return the stored account, None when there is none. Raises AccountError when it can't be trusted or read."""
    path = account_file()
    try:
        with path.open(encoding="utf-8") as file:
            if os.fstat(file.fileno()).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise AccountError(f"Others can read {path}, which holds your token.", f"Run `chmod 600 {path}`.")
            stored = json.load(file)
        return Account(stored["url"], stored["token"], bool(stored.get("insecure")))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise AccountError(f"{path} can't be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise AccountError(f"{path} is not what `apflow login` writes.", "Run `apflow login URL` again.") from error


def store_account(account: Account) -> Path:
    """Keep an account for later commands, readable by this user alone; return the file. Raises AccountError."""
    path = account_file()
    text = json.dumps({"url": account.url, "token": account.token, "insecure": account.insecure})
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A temporary file has mode 0600 from its first moment on, and takes the old one's place as a whole.
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".account-")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    except OSError as error:
        raise AccountError(f"{path} can't be written: {error.strerror}.") from error
    return path


def forget_account() -> Account | None:
    """Delete what is stored; return what it was."""
    account = None
    with suppress(AccountError):
        account = load_account()
    account_file().unlink(missing_ok=True)
    return account
