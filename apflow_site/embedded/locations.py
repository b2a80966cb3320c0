"""Where the embedded server keeps its files.

For an ordinary user everything is in the data directory. For root the cluster and the socket are under
/var/lib/apflow, because PostgreSQL runs as another account there, which may not enter the data directory; the data
directory then holds a symbolic link to them, so that deleting or moving it does what one expects.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path

from apflow_site.embedded.account import Account, owner_of, system_account
from apflow_site.embedded.binaries import copied_install, wheel_install
from apflow_site.embedded.errors import EmbeddedServerError, FolderUnusable

SYSTEM_DIR = Path("/var/lib/apflow")
PORT = 5432

# sockaddr_un's path on Linux is 108 bytes with the closing NUL; macOS has 104.
_SOCKET_PATH_BYTES = 103
# libpq reads a comma as a list of hosts; quotes and backslashes need escapes in the configuration.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9 _./+-]+")


@dataclass(frozen=True)
class Locations:
    """The folders and files of one data directory's server, and the account that owns them."""

    data_dir: Path
    cluster: Path
    socket_dir: Path
    install: Path
    account: Account

    @property
    def log(self) -> Path:
        """What the server prints."""
        return self.data_dir / "server.log"

    def lock(self, name: str) -> Path:
        """A lock file: `start` (one process at a time starts or stops), `users` (held shared by each process that
        uses the server) or `running` (held by the server itself and its children)."""
        return lock_file(self.data_dir, name)


def lock_file(data_dir: Path, name: str) -> Path:
    """Where the lock `name` of a data directory is (see `Locations.lock`)."""
    return data_dir / "postgres-locks" / name


def prepared_data_dir(data_dir: Path) -> Path:
    """The resolved data directory, created with its folder of locks when it is not there; raises `FolderUnusable`."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        data_dir = data_dir.resolve()
        lock_file(data_dir, "start").parent.mkdir(exist_ok=True)
    except OSError as error:
        raise FolderUnusable.from_os_error(data_dir, error) from error
    return data_dir


def locate(data_dir: Path) -> Locations:
    """Find the server's places for a prepared `data_dir` and create the folders that don't exist yet.

    To be called under the lock `start`. Raises `FolderUnusable`, `BinariesMissing`, or `EmbeddedServerError` when root
    finds no account to run as.
    """
    link = data_dir / "postgres"
    if os.geteuid() == 0:
        return _root_locations(data_dir, link)
    if link.is_symlink() and not os.access(link.resolve() / "postgres", os.W_OK):
        raise EmbeddedServerError(
            f"The database of {data_dir} was made by root, in {link.resolve()}: run this command as root again, "
            "or point APFLOW_DATA_DIR to another folder."
        )
    return Locations(data_dir, link, _socket_dir(data_dir, Account()), wheel_install(), Account())


def _root_locations(data_dir: Path, link: Path) -> Locations:
    try:
        SYSTEM_DIR.mkdir(mode=0o755, parents=True, exist_ok=True)
        install = copied_install(SYSTEM_DIR)
        if link.is_dir() and not link.is_symlink():
            # An ordinary user made this database; it stays theirs.
            account = owner_of(link)
            return Locations(data_dir, link, _socket_dir(data_dir, account), install, account)
        account = system_account()
        home = _root_home(data_dir, link)
        socket_dir = _private_folder(home / "socket", account)
        return Locations(data_dir, home / "postgres", socket_dir, install, account)
    except OSError as error:
        raise FolderUnusable.from_os_error(SYSTEM_DIR, error) from error


def _root_home(data_dir: Path, link: Path) -> Path:
    """The folder under /var/lib/apflow that `link` points to; both are made on first use."""
    if not link.is_symlink():
        # The random part keeps a new data directory from finding the database of a deleted one at the same path.
        home = SYSTEM_DIR / f"{_short_hash(data_dir)}-{secrets.token_hex(3)}"
        draft = data_dir / f".postgres-{secrets.token_hex(6)}"
        draft.symlink_to(home)
        try:
            os.link(draft, link, follow_symlinks=False)
        except FileExistsError:
            pass  # another process was first
        finally:
            draft.unlink()
    home = Path(os.readlink(link))
    home.mkdir(mode=0o755, exist_ok=True)
    (home / "made-for").write_text(f"{data_dir}\n", encoding="utf-8")
    return home


def _socket_dir(data_dir: Path, account: Account) -> Path:
    """A private folder for the socket: in the data directory when its path is short and plain, else elsewhere."""
    folder = data_dir / "postgres-socket"
    if not _fits(folder):
        base = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
        folder = next(
            candidate
            for parent in (base, Path("/tmp"))  # noqa: S108  (made with mode 0700 and checked for its owner)
            if _fits(candidate := parent / f"apflow-{_owner_id(account)}-{_short_hash(data_dir)}")
        )
    try:
        return _private_folder(folder, account)
    except OSError as error:
        raise FolderUnusable.from_os_error(folder, error) from error


def _private_folder(folder: Path, account: Account) -> Path:
    """`folder` with mode 0700, owned by `account`; one that belongs to somebody else is refused."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        status = folder.lstat()
        if status.st_uid != _owner_id(account) or status.st_mode & 0o077 or not folder.is_dir() or folder.is_symlink():
            raise FolderUnusable(folder, "it is not a private folder of the account that runs the server") from None
    else:
        account.give(folder)
    return folder


def _owner_id(account: Account) -> int:
    return os.geteuid() if account.uid is None else account.uid


def _fits(folder: Path) -> bool:
    text = str(folder / f".s.PGSQL.{PORT}")
    return len(os.fsencode(text)) <= _SOCKET_PATH_BYTES and _PLAIN_PATH.fullmatch(text) is not None


def _short_hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
