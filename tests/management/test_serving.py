"""What keeps `web` and `worker` from the wrong database, and what they tell systemd."""

from __future__ import annotations

import socket
import threading
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from benchmarks.web_process import free_port
from orchestration.management import first_start, readiness, schema_watch
from orchestration.management.arguments import port
from orchestration.management.progress import Progress
from orchestration.management.schema_watch import LOOK_SECONDS, SchemaWatch
from orchestration.management.supervise import require_free
from orchestration.store import schema
from orchestration.store.backups.archive import TableSum
from orchestration.store.schema import Migration, applied_migrations

pytestmark = pytest.mark.django_db(transaction=True)
LATER: Migration = ("orchestration", "9999_later")


def pretend(monkeypatch: pytest.MonkeyPatch, applied: tuple[Migration, ...]) -> None:
    """Let the database have had these migrations."""
    monkeypatch.setattr(schema, "applied_migrations", lambda: applied)


@pytest.mark.parametrize("arguments", [["worker"], ["web", "--port", str(free_port())]])
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda real: (), "has no tables yet: run `manage.py migrate`"),
        (lambda real: real[:-2], "of an older version than this program: .* are not applied. Stop web and workers"),
        (lambda real: (*real, LATER), "newer version than this program: orchestration.9999_later is not known here"),
    ],
)
def test_another_version_is_refused(
    arguments: list[str], change: object, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(change)
    pretend(monkeypatch, change(applied_migrations()))
    with pytest.raises(CommandError, match=said):
        call_command(*arguments)


def test_start_migrates_what_is_older_and_refuses_what_is_newer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_start, "call_command", lambda *_, **__: pytest.fail("it migrated"))
    pretend(monkeypatch, (*applied_migrations(), LATER))
    with pytest.raises(CommandError, match="newer version than this program"):
        first_start.prepare_database()


def test_migrations_of_others_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, (*applied_migrations(), ("an_app_that_was_here_once", "0001_initial")))
    assert schema.schema_problem() is None


def test_a_migration_under_a_running_worker_is_noticed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = [0.0]
    watch = SchemaWatch(lambda: now[0])
    monkeypatch.setattr(schema_watch, "applied_migrations", lambda: (LATER,))
    now[0] = LOOK_SECONDS / 2
    assert not watch.has_changed()
    now[0] = LOOK_SECONDS
    assert watch.has_changed()
    assert "the database was migrated: this worker stops" in caplog.text


def test_a_database_that_is_away_is_no_migration(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]

    def away() -> tuple[Migration, ...]:
        raise OperationalError("gone")

    with monkeypatch.context() as outage:
        outage.setattr(schema_watch, "applied_migrations", away)
        watch = SchemaWatch(lambda: now[0])
        now[0] += LOOK_SECONDS
        assert not watch.has_changed()
    for _ in range(2):
        now[0] += LOOK_SECONDS
        assert not watch.has_changed()


def test_web_says_when_its_port_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(require_free, "__defaults__", (0.0,))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        with pytest.raises(CommandError, match=f"Port {number} on 127.0.0.1 is taken"):
            call_command("web", "--host", "127.0.0.1", "--port", str(number))


def test_ports() -> None:
    assert port("1") == 1
    for text in ("0", "65536", "x", "-1", ""):
        with pytest.raises(Exception, match="is not a port"):
            port(text)


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_hears_of_it(abstract: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"@apflow-test-{threading.get_ident()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(f"\0{name[1:]}" if abstract else name)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        readiness.tell_systemd(readiness.READY)
        assert ear.recv(100) == b"READY=1"
    # Gone, or never there: nothing happens.
    readiness.tell_systemd(readiness.STOPPING)
    monkeypatch.delenv("NOTIFY_SOCKET")
    readiness.tell_systemd(readiness.STOPPING)


# --- backup and restore, as they are typed ---------------------------------------------------------------------------


def test_a_backup_is_whole_private_and_never_replaces_by_chance(tmp_path: Path) -> None:
    file, said = tmp_path / "b.apflow", StringIO()
    call_command("backup", str(file), stdout=said)
    assert " tables, " in said.getvalue()
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.read_bytes()
    with pytest.raises(CommandError, match="is there already: choose another name, or replace it with --force"):
        call_command("backup", str(file))
    assert file.read_bytes() == before
    file.write_bytes(b"old")
    call_command("backup", str(file), "--force", stdout=said)
    call_command("restore", str(file), "--check", stdout=said)
    assert "The file is whole: " in said.getvalue()
    with pytest.raises(CommandError, match="can't be written: No such file or directory"):
        call_command("backup", str(tmp_path / "missing" / "b"))
    with pytest.raises(CommandError, match="can't be read: No such file or directory"):
        call_command("restore", str(tmp_path / "missing"))
    assert [path.name for path in tmp_path.iterdir()] == ["b.apflow"]


def test_a_backup_that_fails_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_newer = (*applied_migrations(), LATER)
    monkeypatch.setattr("orchestration.store.backups.dump.applied_migrations", lambda: pretend_newer)
    with pytest.raises(CommandError, match="make the backup with that version"):
        call_command("backup", str(tmp_path / "b"))
    assert list(tmp_path.iterdir()) == []


def test_a_backup_goes_to_standard_output(capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> None:
    call_command("backup", "-")
    out, err = capfdbinary.readouterr()
    (tmp_path / "b").write_bytes(out)
    call_command("restore", str(tmp_path / "b"), "--check", stdout=StringIO())
    assert b" tables, " in err


def test_progress_is_told_now_and_then() -> None:
    now, said = [0.0], list[str]()
    progress = Progress(said.append, lambda: now[0])
    for seconds in (0, 1, 2, 3, 4.5):
        now[0] = seconds
        progress.of("run", TableSum(rows=1000, size=2_500_000))
    assert said == ["run: 1,000 rows, 2.5 MB"] * 2
