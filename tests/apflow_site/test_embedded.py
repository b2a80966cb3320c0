"""The embedded PostgreSQL, with real servers in data directories of their own.

What other processes do is done by other processes: they run `PROGRAM` and are told over their standard input.
"""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import sysconfig
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from apflow_site.embedded import locks
from apflow_site.embedded.binaries import copied_install, wheel_install
from apflow_site.embedded.errors import FolderUnusable, OtherMajorVersion, ServerNotStarted
from apflow_site.embedded.locations import locate, lock_file, prepared_data_dir
from apflow_site.embedded.server import ConnectionInfo, ensure_server, release_server, start_error

ROOT = Path(__file__).resolve().parent.parent.parent
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to act as other users")

NOBODY = 65534

# Uses the server until its standard input is closed; prints the server's process number.
PROGRAM = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    import psycopg
    from apflow_site.embedded.errors import EmbeddedServerError
    from apflow_site.embedded.server import ensure_server
    try:
        info = ensure_server(Path(sys.argv[1]))
    except EmbeddedServerError as error:
        sys.exit(str(error))
    with psycopg.connect(info.url) as connection:
        note = connection.execute("SELECT pg_read_file('postmaster.pid')").fetchone()[0]
        print(note.split()[0])
    sys.stdout.flush()
    sys.stdin.read()
    """
)


def remove(data_dir: Path) -> None:
    """Stop this process's use of the server and delete what is outside of the data directory."""
    release_server(data_dir)
    data_dir = prepared_data_dir(data_dir)
    places = locate(data_dir)
    assert not locks.is_held(places.lock("running")), "the server is still running"
    link = data_dir / "postgres"
    if link.is_symlink():
        shutil.rmtree(os.readlink(link))
    if not places.socket_dir.is_relative_to(data_dir):
        shutil.rmtree(places.socket_dir, ignore_errors=True)


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """A data directory whose server is gone after the test."""
    folder = tmp_path / "data"
    yield folder
    remove(folder)


@pytest.fixture
def user(data_dir: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts another process that uses the server of `data_dir`."""
    processes: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, data_dir],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.communicate()


def server_pid(process: subprocess.Popen[str]) -> int:
    """What `PROGRAM` prints about the server."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.communicate()[1]
    return int(line)


def leave(process: subprocess.Popen[str]) -> None:
    """Let `PROGRAM` end in the ordinary way."""
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors


def query(info: ConnectionInfo, text: str) -> str:
    """The first value of the first row."""
    with psycopg.connect(info.url) as connection:
        row = connection.execute(text.encode()).fetchone()
    assert row is not None
    return str(row[0])


def is_running(data_dir: Path) -> bool:
    """Whether a server of this data directory lives."""
    return locks.is_held(lock_file(data_dir, "running"))


def run_as_nobody(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command with this environment's packages as an ordinary user."""
    return subprocess.run(
        command,
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{sysconfig.get_path('purelib')}", "PYTHONDONTWRITEBYTECODE": "1"},
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        input="",
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session")
def nobody_python() -> str:
    """A Python that an ordinary user may run: ours may lie in root's home, the system's does not."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        try:
            if run_as_nobody([python, "-c", "import psycopg"]).returncode == 0:
                return python
        except OSError:
            continue
    pytest.skip(f"no {version} that an ordinary user may run")


def test_a_server_is_private_and_durable(data_dir: Path) -> None:
    info = ensure_server(data_dir)
    assert ensure_server(data_dir) == info
    assert query(info, "SELECT current_database()") == "apflow"
    assert query(info, "SHOW server_encoding") == "UTF8"
    assert query(info, "SHOW listen_addresses") == ""
    assert query(info, "SHOW fsync") == query(info, "SHOW synchronous_commit") == "on"
    assert stat.S_IMODE(Path(info.host).stat().st_mode) == 0o700
    assert stat.S_IMODE(locate(data_dir).cluster.stat().st_mode) == 0o700
    with psycopg.connect(info.url) as connection:
        connection.execute("CREATE TABLE kept (x int)")
    release_server(data_dir)
    assert not is_running(data_dir)
    assert query(ensure_server(data_dir), "SELECT count(*) FROM kept") == "0"


def test_processes_race_and_share_one_server(data_dir: Path, user: Callable[[], subprocess.Popen[str]]) -> None:
    first, *others = [user() for _ in range(4)]
    assert {server_pid(first)} == {server_pid(other) for other in others}
    for other in others:
        leave(other)
    assert is_running(data_dir)
    leave(first)
    assert not is_running(data_dir)


def test_the_server_of_a_killed_process_is_used_again_and_stopped(
    data_dir: Path, user: Callable[[], subprocess.Popen[str]]
) -> None:
    killed = user()
    pid = server_pid(killed)
    killed.kill()
    killed.wait()
    assert is_running(data_dir)
    finder = user()
    assert server_pid(finder) == pid
    leave(finder)
    assert not is_running(data_dir)


def test_a_killed_server_is_replaced_for_its_users(data_dir: Path) -> None:
    info = ensure_server(data_dir)
    pid = int((locate(data_dir).cluster / "postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=10)
    assert query(ensure_server(data_dir), "SELECT 1") == "1"
    assert ensure_server(data_dir) == info


def test_a_stale_note_with_the_number_of_another_process(data_dir: Path) -> None:
    ensure_server(data_dir)
    release_server(data_dir)
    places = locate(data_dir)
    note = places.cluster / "postmaster.pid"
    # Our own number: alive, and no PostgreSQL.
    note.write_text(f"{os.getpid()}\n{places.cluster}\n1\n5432\n{places.socket_dir}\n\n1 1\nready\n")
    places.account.give(note)
    assert query(ensure_server(data_dir), "SELECT 1") == "1"


def test_data_of_another_major_version_is_refused(data_dir: Path) -> None:
    ensure_server(data_dir)
    release_server(data_dir)
    version = locate(data_dir).cluster / "PG_VERSION"
    version.write_text("15\n")
    with pytest.raises(OtherMajorVersion, match=r"made by PostgreSQL 15, but the installed one is \d\d: dump it"):
        ensure_server(data_dir)


def test_a_server_that_does_not_come_up_shows_its_log(data_dir: Path) -> None:
    ensure_server(data_dir)
    release_server(data_dir)
    (locate(data_dir).cluster / "postgresql.auto.conf").write_text("shared_buffers = '1 lemon'\n")
    with pytest.raises(ServerNotStarted, match=r"ended while starting; its log is .*shared_buffers"):
        ensure_server(data_dir)
    assert not is_running(data_dir)


@pytest.mark.parametrize(
    "name", ["with a space", "ünïcødé, 'quoted' \"twice\" \\ $HOME `id`", "long-" * 40], ids=["space", "odd", "long"]
)
def test_any_path(tmp_path: Path, name: str) -> None:
    data_dir = tmp_path / name
    try:
        info = ensure_server(data_dir)
        assert query(info, "SELECT 1") == "1"
        assert len(os.fsencode(info.host)) < 90
        assert stat.S_IMODE(Path(info.host).stat().st_mode) == 0o700
    finally:
        remove(data_dir)


def test_a_folder_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FolderUnusable, match=r"can't write to .*file/data \(Not a directory\)"):
        ensure_server(tmp_path / "file" / "data")


@as_root
def test_root_leaves_other_folders_alone(tmp_path: Path) -> None:
    parent = tmp_path / "home"
    parent.mkdir(mode=0o700)
    data_dir = parent / "data"
    try:
        ensure_server(data_dir)
        assert stat.S_IMODE(parent.stat().st_mode) == stat.S_IMODE(data_dir.stat().st_mode) == 0o700
        assert parent.stat().st_uid == data_dir.stat().st_uid == 0
        assert locate(data_dir).cluster.stat().st_uid != 0
    finally:
        remove(data_dir)


@as_root
def test_a_deleted_data_directory_starts_empty(data_dir: Path) -> None:
    with psycopg.connect(ensure_server(data_dir).url) as connection:
        connection.execute("CREATE TABLE old (x int)")
    remove(data_dir)
    shutil.rmtree(data_dir)
    assert query(ensure_server(data_dir), "SELECT to_regclass('old') IS NULL") == "True"


@as_root
@pytest.mark.parametrize("name", ["plain", "long-" * 40], ids=["plain", "long"])
def test_an_ordinary_user_and_later_root(name: str, nobody_python: str) -> None:
    # Not below pytest's own folder, which only root may enter.
    parent = Path(f"/tmp/apflow-test-{os.getpid()}")
    parent.mkdir(mode=0o755)
    os.chown(parent, NOBODY, NOBODY)
    data_dir = parent / name
    try:
        result = run_as_nobody([nobody_python, "-c", PROGRAM, str(data_dir)])
        assert result.returncode == 0, result.stderr
        assert not is_running(data_dir)
        assert (data_dir / "postgres" / "PG_VERSION").stat().st_uid == NOBODY
        assert query(ensure_server(data_dir), "SELECT 1") == "1"
    finally:
        remove(data_dir)
        shutil.rmtree(parent)


def test_the_binaries_are_copied_whole_and_once(tmp_path: Path) -> None:
    copy = copied_install(tmp_path)
    assert (copy / "bin" / "postgres").stat().st_size == (wheel_install() / "bin" / "postgres").stat().st_size
    before = (copy / "bin").stat().st_mtime_ns
    assert copied_install(tmp_path) == copy
    assert (copy / "bin").stat().st_mtime_ns == before
    assert len(list(tmp_path.iterdir())) == 1
    subprocess.run([copy / "bin" / "initdb", "--version"], check=True, capture_output=True)


@pytest.mark.parametrize("reason", ["No space left on device", "Permission denied", "Read-only file system"])
def test_a_full_or_closed_disk_is_named_from_the_log(data_dir: Path, reason: str) -> None:
    places = locate(prepared_data_dir(data_dir))
    places.log.write_text(f'FATAL:  could not write lock file "postmaster.pid": {reason}\n')
    error = start_error(places, "ended while starting")
    assert isinstance(error, FolderUnusable)
    assert f"can't write to {places.cluster} ({reason})" in str(error)
