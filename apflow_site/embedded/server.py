"""Start, share and stop the embedded PostgreSQL of one data directory.

Any number of processes share one server: the first starts it, and the last that leaves (at its exit or by
`release_server`) stops it. All of it rests on three file locks (see `Locations.lock`), which the kernel drops when
their holder dies; the server itself holds `running`, so "is it alive" is never guessed from a process number.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from apflow_site.embedded import locks
from apflow_site.embedded.binaries import major_version
from apflow_site.embedded.configuration import write_configuration
from apflow_site.embedded.errors import EmbeddedServerError, FolderUnusable, OtherMajorVersion, ServerNotStarted
from apflow_site.embedded.locations import PORT, Locations, locate, lock_file, prepared_data_dir

DATABASE_NAME = "apflow"
USER_NAME = "apflow"

START_TIMEOUT_SECONDS = 120.0  # crash recovery may take a while
STOP_TIMEOUT_SECONDS = 30.0
_POLL_SECONDS = 0.01
_LOG_BYTES = 10 * 1024**2


@dataclass(frozen=True)
class ConnectionInfo:
    """How to connect: `host` is the folder of the server's socket."""

    host: str
    port: int
    user: str
    dbname: str

    @property
    def url(self) -> str:
        """The same as a PostgreSQL URL, for DATABASE_URL of another process."""
        return f"postgresql://{self.user}@/{self.dbname}?host={quote(self.host, safe='')}&port={self.port}"


@dataclass
class _Use:
    """This process's use of a server."""

    places: Locations
    info: ConnectionInfo
    users_lock: int
    process: subprocess.Popen[bytes] | None


_uses: dict[Path, _Use] = {}
_uses_lock = threading.Lock()


def ensure_server(data_dir: Path) -> ConnectionInfo:
    """Make sure that the server of `data_dir` runs, count this process as its user, and say how to connect.

    Cheap when it runs already. Creates the cluster and the database at first use. Raises `EmbeddedServerError` with
    one sentence.
    """
    with _uses_lock:
        use = _uses.get(data_dir)
        if use is None:
            _uses[data_dir] = use = _begin_use(data_dir)
        elif not _is_alive(use):
            # It was killed, or its machine's administrator stopped it: its users go on with a new one.
            with locks.exclusive(use.places.lock("start")):
                use.info, use.process = _find_or_start(use.places)
        return use.info


def release_server(data_dir: Path | None = None) -> None:
    """Stop using the server of `data_dir` (None: of every one); the last process that does so stops it."""
    with _uses_lock:
        for key in [data_dir] if data_dir is not None else list(_uses):
            use = _uses.pop(key, None)
            if use is not None:
                _end_use(use)


atexit.register(release_server)


def _begin_use(data_dir: Path) -> _Use:
    data_dir = prepared_data_dir(data_dir)
    with locks.exclusive(lock_file(data_dir, "start")):
        places = locate(data_dir)
        users_lock = locks.hold_shared(places.lock("users"))
        try:
            info, process = _find_or_start(places)
        except BaseException:
            os.close(users_lock)
            raise
        return _Use(places, info, users_lock, process)


def _is_alive(use: _Use) -> bool:
    if use.process is not None and use.process.poll() is not None:
        return False
    return locks.is_held(use.places.lock("running"))


def _end_use(use: _Use) -> None:
    places = use.places
    if not places.lock("start").parent.is_dir():  # the data directory was deleted under us
        os.close(use.users_lock)
        _stop(places, use.process)
        return
    with locks.exclusive(places.lock("start")):
        # Closed, not unlocked: a forked child may share this lock and goes on holding it.
        os.close(use.users_lock)
        alone = locks.try_exclusive(places.lock("users"))
        if alone is not None:
            os.close(alone)
            _stop(places, use.process)
        elif use.process is not None:
            # The server outlives this process; Popen would complain about that when it is collected.
            use.process.returncode = 0


# --- find or start (under the start lock) ----------------------------------------------------------------------------


def _find_or_start(places: Locations) -> tuple[ConnectionInfo, subprocess.Popen[bytes] | None]:
    info = ConnectionInfo(str(places.socket_dir), PORT, USER_NAME, DATABASE_NAME)
    if _await_running(places):
        return info, None
    try:
        _check_cluster(places)
        process = _start(places)
    except OSError as error:
        raise FolderUnusable.from_os_error(places.cluster, error) from error
    _await_ready(places, process)
    _create_database(places, info)
    return info, process


def _await_running(places: Locations) -> bool:
    """True once a server that runs already is ready; False when none runs (any more)."""
    running = places.lock("running")
    _wait(lambda: not locks.is_held(running) or _accepts(places), START_TIMEOUT_SECONDS)
    if not locks.is_held(running):
        return False
    if not _accepts(places):
        raise ServerNotStarted("is running but does not become ready", places.log, _last_lines(places.log))
    return True


def _check_cluster(places: Locations) -> None:
    """Create the cluster when there is none; refuse one of another major version."""
    installed = major_version(places.install)
    try:
        found = (places.cluster / "PG_VERSION").read_text(encoding="ascii").strip()
    except FileNotFoundError:
        _initdb(places)
    else:
        if found != installed:
            raise OtherMajorVersion(places.cluster, found, installed)


def _initdb(places: Locations) -> None:
    # In a folder of its own that is renamed when complete: an interrupted initdb leaves no half cluster behind.
    draft = places.cluster.with_name("postgres.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    places.account.give(draft)
    options = ["--username", USER_NAME, "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-instructions"]
    result = subprocess.run(
        [places.install / "bin" / "initdb", "-D", draft, *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        cwd="/",
        env=_environment(),
        check=False,
        **places.account.process_options(),
    )
    if result.returncode != 0:
        shutil.rmtree(draft, ignore_errors=True)
        places.log.write_text(result.stdout, encoding="utf-8")
        raise start_error(places, "can't create its database")
    if places.cluster.is_dir():
        places.cluster.rmdir()  # an empty folder may stand there; one with files in it is not ours to remove
    draft.rename(places.cluster)


def _start(places: Locations) -> subprocess.Popen[bytes]:
    running = _claim_running(places)
    try:
        _remove_stale_pid_file(places)
        write_configuration(places)
        with suppress(FileNotFoundError):
            if places.log.stat().st_size > _LOG_BYTES:
                places.log.replace(places.log.with_suffix(".log.1"))
        with places.log.open("ab") as log:
            return subprocess.Popen(
                [places.install / "bin" / "postgres", "-D", places.cluster],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=_environment(),
                # Out of the terminal's reach: Ctrl-C is for us, the server is stopped when its users have left.
                start_new_session=True,
                pass_fds=[running],
                **places.account.process_options(),
            )
    finally:
        os.close(running)


def _claim_running(places: Locations) -> int:
    """The `running` lock, to be inherited by the server.

    Children of a killed server may live on for a moment; starting a second one beside them would be refused.
    """
    claimed: list[int] = []

    def claim() -> bool:
        descriptor = locks.try_exclusive(places.lock("running"))
        if descriptor is not None:
            claimed.append(descriptor)
        return descriptor is not None

    if not _wait(claim, STOP_TIMEOUT_SECONDS):
        raise ServerNotStarted("still has processes of a former run", places.log, _last_lines(places.log))
    return claimed[0]


def _remove_stale_pid_file(places: Locations) -> None:
    """Remove the note of a server that is gone (we hold `running`).

    PostgreSQL does so itself, unless the number belongs to some other process by now. A server that somebody started
    by hand does not hold our lock; its note stays and makes PostgreSQL refuse.
    """
    pid = _pid(places)
    if pid is None or not _is_postgres(pid):
        (places.cluster / "postmaster.pid").unlink(missing_ok=True)


def _await_ready(places: Locations, process: subprocess.Popen[bytes]) -> None:
    _wait(lambda: process.poll() is not None or _status(places) == "ready", START_TIMEOUT_SECONDS)
    if process.poll() is not None:
        raise start_error(places, "ended while starting")
    if _status(places) != "ready":
        _stop(places, process)
        raise start_error(places, f"was not ready within {START_TIMEOUT_SECONDS:.0f} s")


def _create_database(places: Locations, info: ConnectionInfo) -> None:
    try:
        with psycopg.connect(
            host=info.host, port=info.port, user=info.user, dbname="postgres", autocommit=True
        ) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [info.dbname]).fetchone()
            if known is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(info.dbname)))
    except psycopg.Error as error:
        raise start_error(places, f"can't create its database ({error})") from error


def _environment() -> dict[str, str]:
    # Ours is not passed on: PGDATA, PGPORT, locale and library paths of the user are about other servers.
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


# --- stop (under the start lock) -------------------------------------------------------------------------------------


def _stop(places: Locations, process: subprocess.Popen[bytes] | None) -> None:
    """Stop the server: fast (sessions are ended, nothing is lost), and at once when that takes too long."""
    for number in (signal.SIGINT, signal.SIGQUIT):
        pid = _pid(places) if process is None else process.pid
        if pid is not None and (process is not None or _is_postgres(pid)):
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        if _wait(lambda: _has_ended(places, process), STOP_TIMEOUT_SECONDS):
            return


def _has_ended(places: Locations, process: subprocess.Popen[bytes] | None) -> bool:
    if process is not None:
        return process.poll() is not None
    return not locks.is_held(places.lock("running"))


# --- what the server says about itself -------------------------------------------------------------------------------


def _pid_file(places: Locations) -> list[str]:
    """The lines of postmaster.pid: the process number is the first, the status the eighth."""
    try:
        return (places.cluster / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _pid(places: Locations) -> int | None:
    lines = _pid_file(places)
    return int(lines[0]) if lines and lines[0].isdigit() else None


def _status(places: Locations) -> str:
    lines = _pid_file(places)
    return lines[7].strip() if len(lines) > 7 else ""


def _accepts(places: Locations) -> bool:
    """Whether the server says that it is ready and does listen: the note of a killed one says so too."""
    if _status(places) != "ready":
        return False
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(places.socket_dir / f".s.PGSQL.{PORT}"))
        except OSError:
            return False
    return True


def _is_postgres(pid: int) -> bool:
    """Whether `pid` is a PostgreSQL process; process numbers are used again, and we may be root."""
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip() == "postgres"
    except OSError:
        pass
    if Path("/proc/self").exists():
        return False
    listing = subprocess.run(["ps", "-o", "comm=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S607
    return listing.stdout.strip().endswith("postgres")


def start_error(places: Locations, what: str) -> EmbeddedServerError:
    """The error for a start that failed, by what the end of the log says: a disk's trouble has its own."""
    lines = _last_lines(places.log)
    for reason in ("No space left on device", "Disk quota exceeded", "Permission denied", "Read-only file system"):
        if reason in lines:
            return FolderUnusable(places.cluster, reason)
    return ServerNotStarted(what, places.log, lines)


def _last_lines(log: Path, count: int = 4) -> str:
    try:
        with log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 4096))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return " | ".join(line.strip() for line in lines[-count:])


def _wait(done: Callable[[], bool], seconds: float) -> bool:
    """Look at `done` until it is true; False when `seconds` have passed."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True
