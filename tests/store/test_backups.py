"""Backups: what is written comes back, row by row, and what can't be trusted is refused."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import IntegrityError, connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from orchestration.actions import backups, tokens
from orchestration.models import (
    AuditEntry,
    Dependency,
    Run,
    RunEvent,
    RunView,
    Schedule,
    SchedulesPause,
    Secret,
    Task,
    TaskRun,
    Tree,
    TreeVersion,
    Worker,
)
from orchestration.store.backups import archive, load
from orchestration.store.backups.archive import Contents, TableSum
from orchestration.store.backups.errors import BackupError, RestoreRefusedError
from orchestration.store.schema import applied_migrations
from orchestration.store.vault import seal
from tests.faults.support.bench import database_url
from tests.pages.scene import make_scene, make_tree, make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
ROOT = Path(__file__).resolve().parents[2]
#: What a text column of COPY has to escape, and what people write.
NASTY = 'a\tb\nc\r\nd\\e \\N \\. "q" \'q\' {"j": [1]} é 漢 🚀 \u2028 \x01'
#: A restore ends the sessions, says so in the audit trail, and knows that the workers are gone.
ENDED = {"django_session"}
CHANGED = {"orchestration_worker": {"lease_expires_at", "stopped_at", "running"}, "orchestration_run": {"owner_id"}}

Rows = dict[str, list[str]]


def quiet(table: str, done: TableSum) -> None:
    """Hear of progress and say nothing."""


def tables() -> list[str]:
    """Every table of Django's models, those that come later too."""
    return sorted({model._meta.db_table for model in apps.get_models(include_auto_created=True)})


def every_row(url: str | None = None) -> Rows:
    """Every column of every row of every table, as PostgreSQL writes it."""
    found: Rows = {}
    with psycopg.connect(url or database_url(), autocommit=True) as reader:
        for table in tables():
            rows = reader.execute(f'SELECT to_jsonb(t) FROM "{table}" t').fetchall()  # noqa: S608
            away = CHANGED.get(table, set())
            found[table] = sorted(json.dumps({k: v for k, v in row.items() if k not in away}) for (row,) in rows)
    return found


def assert_same(restored: Rows, before: Rows, restores: int = 1) -> None:
    """Compare all tables; the audit trail has an entry more for each restore."""
    for table in tables():
        if table in ENDED:
            assert restored[table] == []
        elif table == "orchestration_auditentry":
            added = set(restored[table]) - set(before[table])
            assert set(before[table]) <= set(restored[table]) and len(added) == restores
            assert all('"database.restore"' in entry for entry in added)
        else:
            assert restored[table] == before[table], table


def fill() -> None:
    """Make a database in which everything of the product has been used."""
    admin = make_user("admin", is_superuser=True, is_staff=True, first_name=NASTY[:20])
    scene = make_scene(admin)
    scene.tree.description = NASTY
    scene.tree.save()
    tree = make_tree("Second", tasks=40, owner=admin, parameters={"properties": {"a": {"default": NASTY}}})
    TreeVersion.objects.create(tree=tree, number=1, definition={"deep": [[{"x": NASTY}]] * 3, "n": 1e300}, author=admin)
    first = Task.objects.get(tree=tree, uid="t0")
    Task.objects.filter(tree=tree).exclude(pk=first.pk).update(parent=first, notes=NASTY)
    RunEvent.objects.bulk_create(
        RunEvent(run=scene.live, seq=n + 1, type="task.progress", data={"n": n, "s": NASTY}, at=timezone.now())
        for n in range(500)
    )
    # Larger than a piece of the file.
    TaskRun.objects.filter(run=scene.failed).update(result={"big": "x" * (archive.PIECE_BYTES + 17)})
    again = Run.objects.create(tree=tree, tree_name="again", queued_at=timezone.now(), parent_run=scene.failed)
    Schedule.objects.create(name="Nightly", tree=tree, responsible=admin, kind="daily", expression="03:00")
    secret = Secret.objects.create(name="KEY", ciphertext=seal("the value"), updated_at=timezone.now())
    secret.trees.add(tree)
    RunView.objects.create(user=admin, name="mine", query="status=failed")
    tokens.create_token(admin, name="script", scope="read", expires_at=None)
    Session.objects.create(session_key="k" * 32, session_data="x", expire_date=timezone.now() + timedelta(days=1))
    again.delete()  # its number, and what was numbered in between, must not come again
    Worker.objects.update(lease_expires_at=timezone.now() - timedelta(hours=1))


@contextmanager
def another_database() -> Iterator[str]:
    """Make an empty database beside the test's, and yield its URL."""
    name = f"{connection.settings_dict['NAME']}_other"
    with psycopg.connect(database_url("postgres"), autocommit=True) as admin:
        admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        admin.execute(f'CREATE DATABASE "{name}"')
        try:
            yield database_url(name)
        finally:
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def manage(*arguments: str, code: int = 0, **environment: str) -> str:
    """Run a command in a process of its own and return what it said."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("APFLOW_", "DATABASE_"))}
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=own | environment, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def backup(path: Path) -> Contents:
    """Write a backup of the test's database."""
    with path.open("wb") as file:
        return backups.make_backup(file, quiet)


def restore(path: Path, *, replace: bool = True, **options: bool) -> backups.Restored:
    """Restore into the test's database."""
    return backups.restore_backup(
        path, replace=replace, pause_schedules=options.get("pause_schedules", False), tell=quiet
    )


# --- there and back ---------------------------------------------------------------------------------------------------


def test_every_row_of_every_table_comes_back(tmp_path: Path) -> None:
    fill()
    before = every_row()
    file = tmp_path / "b.apflow"
    contents = backup(file)
    assert contents.rows == sum(len(rows) for table, rows in before.items() if table not in ENDED)
    # What happened since is given up: changed, added and deleted.
    Tree.objects.update(name="changed")
    make_tree("added")
    Run.objects.all().delete()
    assert restore(file).unreadable == []
    assert_same(every_row(), before)
    # What refers to what is checked as ever.
    with pytest.raises(IntegrityError), transaction.atomic():
        Task.objects.create(tree_id=Tree.objects.latest("created_at").pk, uid="x", name="x", parent_id=10**9)
    worker = Worker.objects.latest("started_at")
    assert worker.stopped_at is not None and worker.lease_expires_at <= timezone.now()
    assert not Run.objects.exclude(owner=None).exists()


def test_numbers_that_were_given_out_do_not_come_again(tmp_path: Path) -> None:
    tree = make_tree(tasks=3)
    last = Dependency.objects.latest("pk").pk
    Dependency.objects.filter(pk=last).delete()
    backup(tmp_path / "b")
    restore(tmp_path / "b")
    one, two = Task.objects.filter(tree=tree, uid__in=("t0", "t2")).order_by("pk")
    assert Dependency.objects.create(tree=tree, task=two, depends_on=one).pk == last + 1


def test_it_goes_to_an_empty_database_of_the_same_server(tmp_path: Path) -> None:
    fill()
    before = every_row()
    file = tmp_path / "b.apflow"
    with another_database() as url:
        said = manage("backup", str(file), DATABASE_URL=database_url())
        assert said.startswith(f"{len(tables()) - len(ENDED)} tables, ")
        assert file.stat().st_mode & 0o777 == 0o600
        # Another installation, with another key.
        said = manage("restore", str(file), DATABASE_URL=url, APFLOW_SECRET_KEY="k" * 50)
        assert "1 secret can't be opened with the keys that are set here (KEY)" in said
        assert_same(every_row(url), before)
        assert "is not empty (there are rows in" in manage("restore", str(file), code=1, DATABASE_URL=url)


@pytest.mark.skipif("embedded" in connection.settings_dict["ENGINE"], reason="needs an external server")
def test_it_goes_from_an_external_server_to_an_embedded_one_and_back(tmp_path: Path) -> None:
    fill()
    before = every_row()
    there, back = str(tmp_path / "there"), str(tmp_path / "back")
    backup(Path(there))
    data = tmp_path / "data"
    try:
        manage("restore", there, APFLOW_DATA_DIR=str(data))
        manage("backup", back, APFLOW_DATA_DIR=str(data))
    finally:
        link = data / "postgres"
        if link.is_symlink():  # run as root: the cluster is elsewhere
            shutil.rmtree(link.resolve())
    with another_database() as url:
        manage("restore", back, DATABASE_URL=url)
        assert_same(every_row(url), before, restores=2)


def test_a_backup_is_one_moment_although_others_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tree and its tasks are written together while the tables are read one after the other."""
    make_tree("before", tasks=2)
    written = threading.Event()

    def tell(table: str, done: TableSum) -> None:
        if not written.is_set():
            written.set()
            writer = threading.Thread(target=write)
            writer.start()
            writer.join()

    def write() -> None:
        make_tree("while it lasts", tasks=2)
        connection.close()

    with (tmp_path / "b").open("wb") as file:
        contents = backups.make_backup(file, tell)
    assert written.is_set() and Tree.objects.count() == 2
    assert (contents.tables["orchestration_tree"].rows, contents.tables["orchestration_task"].rows) == (1, 2)


def test_a_migrated_database_is_as_good_as_an_empty_one(tmp_path: Path) -> None:
    tree = make_tree()
    backup(tmp_path / "b")
    Tree.objects.all().delete()
    restore(tmp_path / "b", replace=False)
    assert Tree.objects.get() == tree


def test_schedules_may_be_paused_at_once(tmp_path: Path) -> None:
    backup(tmp_path / "b")
    restore(tmp_path / "b", pause_schedules=True)
    assert SchedulesPause.objects.get().reason == "restored from b"


def test_a_restore_is_in_the_audit_trail(tmp_path: Path) -> None:
    contents = backup(tmp_path / "b")
    restore(tmp_path / "b")
    entry = AuditEntry.objects.get(act="database.restore")
    assert entry.detail == {"made_at": contents.manifest.created_at, "rows": contents.rows, "replaced": True}


# --- older and newer --------------------------------------------------------------------------------------------------


def test_a_backup_of_an_older_version_is_migrated(tmp_path: Path) -> None:
    """Made before schedules and secrets were there; what it has is kept, and the new tables are there."""
    file = str(tmp_path / "old.apflow")
    with another_database() as url:
        manage("migrate", "orchestration", "0003", DATABASE_URL=url)
        with psycopg.connect(url) as old:
            old.execute(
                "INSERT INTO orchestration_tree"
                " (id, name, description, tags, visibility, version, created_at, updated_at)"
                " VALUES (gen_random_uuid(), 'old', '', '{}', 'everyone', 7, now(), now())"
            )
        manage("backup", file, DATABASE_URL=url)
        assert "is of an older version than this program" in manage("worker", code=1, DATABASE_URL=url)
    manage("restore", file, "--replace", DATABASE_URL=database_url())
    assert Tree.objects.values_list("name", "version").get() == ("old", 7)
    assert Schedule.objects.count() == 0
    assert set(applied_migrations()) == set(MigrationLoader(None).graph.nodes)
    with pytest.raises(Exception, match="audit entries are neither changed nor deleted"), transaction.atomic():
        AuditEntry.objects.update(act="x")


def test_what_is_newer_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    later = (*applied_migrations(), ("orchestration", "9999_later"))
    monkeypatch.setattr("orchestration.store.backups.dump.unknown_migrations", lambda migrations: [])
    with monkeypatch.context() as newer:
        newer.setattr("orchestration.store.backups.dump.applied_migrations", lambda: later)
        backup(tmp_path / "newer")
    with pytest.raises(RestoreRefusedError, match=r"made by a newer version.*9999_later"):
        restore(tmp_path / "newer")
    backup(tmp_path / "own")
    monkeypatch.undo()
    monkeypatch.setattr(load, "applied_migrations", lambda: later)
    with pytest.raises(RestoreRefusedError, match=r"database is of a newer version than this program"):
        restore(tmp_path / "own")
    monkeypatch.setattr("orchestration.store.backups.dump.applied_migrations", lambda: later)
    with pytest.raises(BackupError, match=r"9999_later.* not known here"):
        backup(tmp_path / "refused")


def test_every_migration_may_be_part_of_a_larger_transaction() -> None:
    """A restore applies them inside its own."""
    migrations = MigrationLoader(None).disk_migrations.values()
    assert [str(one) for one in migrations if not one.atomic] == []


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_a_full_database_and_live_workers_are_refused(tmp_path: Path) -> None:
    make_tree("mine")
    backup(tmp_path / "b")
    with pytest.raises(RestoreRefusedError, match=r"not empty \(there are rows in orchestration_dependency.*--replace"):
        restore(tmp_path / "b", replace=False)
    Worker.objects.create(
        **{"name": "w-1", "host": "h", "pid": 1, "version": "1", "slots": 1, "started_at": timezone.now()},
        heartbeat_at=timezone.now(),
        lease_expires_at=timezone.now() + timedelta(minutes=1),
    )
    with pytest.raises(RestoreRefusedError, match=r"1 worker is alive \(w-1\): stop web and workers first"):
        restore(tmp_path / "b")
    assert Worker.objects.count() == 1


def test_who_else_holds_a_table_is_waited_for_and_then_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backup(tmp_path / "b")
    monkeypatch.setattr(load, "_LOCK_SECONDS", 0.05)
    with psycopg.connect(database_url()) as other:
        other.execute("SELECT 1 FROM orchestration_tree")
        with pytest.raises(RestoreRefusedError, match="Somebody else is using the database: stop web, workers"):
            restore(tmp_path / "b")


def test_a_failure_in_the_middle_leaves_everything_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_tree("old")
    backup(tmp_path / "b")
    Tree.objects.update(name="new")
    before = every_row()

    def tell(table: str, done: TableSum) -> None:
        if table == "orchestration_treeversion":
            raise OSError("the disk has gone")

    with pytest.raises(OSError, match="gone"):
        backups.restore_backup(tmp_path / "b", replace=True, pause_schedules=False, tell=tell)
    assert every_row() == before
    # What refers to rows that are not there does not get in either.
    changed = rewritten(tmp_path / "b", tmp_path / "wrong", drop_rows_of="orchestration_task")
    with pytest.raises(BackupError, match=r"don't fit together: .*violates foreign key"):
        restore(changed)
    assert every_row() == before


@pytest.mark.parametrize("where", ["table", "column"])
def test_names_of_a_file_that_somebody_made_up_are_no_statements(tmp_path: Path, where: str) -> None:
    make_tree("old")
    backup(tmp_path / "b")
    manifest, touched = archive.read_manifest(tmp_path / "b"), tmp_path / "touched"
    evil = f"name\") FROM PROGRAM 'touch {touched}' --" if where == "column" else "pg_authid"
    named = {} if where == "table" else {"orchestration_tree": [evil]}
    more = {evil: ["rolname"]} if where == "table" else {}
    with (tmp_path / "evil").open("wb") as file:
        writer = archive.ArchiveWriter(file, replace(manifest, tables=manifest.tables | named | more))
        for table in manifest.tables | more:
            list(writer.add_table(table, []))
        writer.finish({})
    with pytest.raises(BackupError, match="no version has such a table with such columns"):
        restore(tmp_path / "evil")
    assert not touched.exists() and Tree.objects.get().name == "old"


def rewritten(source: Path, target: Path, drop_rows_of: str) -> Path:
    """Copy a file without the rows of a table, with sums that are right again."""
    with target.open("wb") as file:
        writer = archive.ArchiveWriter(file, archive.read_manifest(source))
        for table, pieces in archive.read_tables(source):
            list(writer.add_table(table, [] if table == drop_rows_of else pieces))
        writer.finish(archive.verify(source).sequences)
    return target


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda data: data[:-9], "damaged at summary.json"),
        (lambda data: data[: len(data) * 4 // 5], "damaged at data/"),
        (lambda data: data[:30], "is no backup, or is damaged at its beginning"),
        (lambda data: b"", "is no backup"),
        (lambda data: b"PGDMP" + data, "is no backup"),
        (lambda data: gzip.compress(b"text"), "is no backup"),
        (lambda data: data[:-600] + bytes([data[-600] ^ 1]) + data[-599:], "damaged at "),
        (lambda data: regzipped(data, b"Second", b"Secone"), "damaged at the table orchestration_tree: its checksum"),
        (lambda data: regzipped(data, b'"apflow-backup"', b'"apflow-backed"'), "has no format 'apflow-backup'"),
        (lambda data: regzipped(data, b'"version": 1', b'"version": 2'), "version 2 of the format"),
        (lambda data: regzipped(data, b'"created_at"', b'"created_on"'), "damaged at manifest.json: a field"),
        (lambda data: regzipped(data, b'"left_out"', b'"left_OUT"'), "damaged at manifest.json: a field"),
        (lambda data: gzip.compress(gzip.decompress(data)[: -30 * 1024]), "damaged at its end: the summary is missing"),
    ],
)
def test_a_damaged_file_is_refused_with_the_place(tmp_path: Path, damage: Any, said: str) -> None:
    make_tree("Second")
    file = tmp_path / "b"
    backup(file)
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(BackupError) as refused:
        restore(file)
    assert said in str(refused.value)
    assert Tree.objects.get().name == "Second"


def regzipped(data: bytes, old: bytes, new: bytes) -> bytes:
    """Change what is inside; gzip's own sum is right again."""
    plain = gzip.decompress(data)
    assert old in plain
    return gzip.compress(plain.replace(old, new, 1))


def test_a_file_that_changes_after_it_was_checked_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_tree("Second")
    file = tmp_path / "b"
    contents = backup(file)
    file.write_bytes(regzipped(file.read_bytes(), b"Second", b"Secone"))
    monkeypatch.setattr(backups, "verify", lambda path: contents)
    with pytest.raises(BackupError, match="orchestration_tree: the file has changed since it was checked"):
        restore(file)
    assert Tree.objects.get().name == "Second"


def test_the_wrong_key_is_said(tmp_path: Path, settings: Any) -> None:
    for name in ("ONE", "TWO"):
        Secret.objects.create(name=name, ciphertext=seal("the value"), updated_at=timezone.now())
    backup(tmp_path / "b")
    settings.SECRET_KEY = "quite another key than the one before, and long enough"
    assert restore(tmp_path / "b").unreadable == ["ONE", "TWO"]
