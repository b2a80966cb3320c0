"""Every write leaves one entry that says who, from where, what and why; and an entry stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import DatabaseError, connection, transaction

from orchestration.actions import audit
from orchestration.actions.accounts import change_password
from orchestration.actions.audit import Origin, writing_from
from orchestration.actions.deletions import delete_runs
from orchestration.actions.keeping import archive_tree, copy_tree, delete_tree, give_tree, restore_version, share_tree
from orchestration.actions.reruns import rerun
from orchestration.actions.runs import cancel_run, send_command, start_run
from orchestration.actions.trees import create_tree, import_document, record_version, save_definition, tree_spec
from orchestration.engine.definition import TaskSpec, TreeSpec
from orchestration.engine.errors import InvalidDefinitionError
from orchestration.engine.rerun import Scope, Wish
from orchestration.engine.status import Status
from orchestration.models import AuditEntry, Run, Tree
from tests.pages.scene import make_run, make_user

pytestmark = pytest.mark.django_db

SPEC = TreeSpec("Nightly", (TaskSpec("a", "Fetch", "echo"),))
FROM = Origin("api", "203.0.113.7", "nightly (apf_1234…)")


@pytest.fixture
def ann() -> User:
    return make_user("ann")


@pytest.fixture
def tree(ann: User) -> Tree:
    return create_tree(SPEC, user=ann)


def live(tree: Tree) -> Run:
    return make_run(tree, Status.IN_PROGRESS, tasks=1)


def entry_of(act: Callable[[], Any]) -> AuditEntry:
    """Do something from an address, and return the one entry that it leaves."""
    last = AuditEntry.objects.order_by("-id").values_list("id", flat=True).first() or 0
    with writing_from(FROM):
        act()
    entry = AuditEntry.objects.filter(id__gt=last).get()
    assert (entry.via, entry.address, entry.token) == (FROM.via, FROM.address, FROM.token)
    return entry


#: What is done, what the entry calls it, the kind of its subject.
WRITES: list[tuple[str, str, Callable[[Tree, User], Any]]] = [
    ("tree.create", "tree", lambda tree, user: create_tree(SPEC, user=user)),
    ("tree.import", "tree", lambda tree, user: import_document(SPEC.as_json(), user=user)),
    ("tree.save", "tree", lambda tree, user: save_definition(tree, SPEC, user=user, message="why not")),
    ("tree.save", "tree", lambda tree, user: record_version(tree, user, "piece by piece")),
    ("tree.restore", "tree", lambda tree, user: restore_version(tree, 1, user)),
    ("tree.copy", "tree", lambda tree, user: copy_tree(tree, user, "Copy")),
    ("tree.archive", "tree", lambda tree, user: archive_tree(tree, user)),
    ("tree.delete", "tree", lambda tree, user: delete_tree(tree, user)),
    ("tree.share", "tree", lambda tree, user: share_tree(tree, "groups", [Group.objects.get(name="viewer")], user)),
    ("tree.give", "tree", lambda tree, user: give_tree(tree, make_user("ben"), user)),
    ("run.start", "run", lambda tree, user: start_run(tree, user=user)),
    (
        "run.rerun",
        "run",
        lambda tree, user: rerun(make_run(tree, "failed", 1), Wish(Scope.ALL), latest=True, user=user),
    ),
    ("run.cancel", "run", lambda tree, user: cancel_run(live(tree), user=user, reason="too slow")),
    ("run.pause", "run", lambda tree, user: send_command(live(tree), "pause", user=user)),
    ("run.resume", "run", lambda tree, user: send_command(live(tree), "resume", user=user)),
    ("run.set_priority", "run", lambda tree, user: send_command(live(tree), "set_priority", user=user)),
    ("task.retry", "taskrun", lambda tree, user: ask_task(tree, "retry", user)),
    ("task.skip", "taskrun", lambda tree, user: ask_task(tree, "skip", user)),
    ("task.cancel", "taskrun", lambda tree, user: ask_task(tree, "cancel", user)),
    ("task.run_now", "taskrun", lambda tree, user: ask_task(tree, "run_now", user)),
    ("run.delete", "run", lambda tree, user: delete_runs(Run.objects.filter(pk=make_run(tree).pk), user)),
    ("user.password", "user", lambda tree, user: change_password(user, "correct horse", user=user)),
]


def ask_task(tree: Tree, kind: str, user: User) -> None:
    run = live(tree)
    send_command(run, kind, user=user, task_run=run.task_runs.get())


@pytest.mark.parametrize(("act", "kind", "write"), WRITES, ids=[act for act, _, _ in WRITES])
def test_every_write_leaves_one_entry(
    tree: Tree, ann: User, act: str, kind: str, write: Callable[[Tree, User], Any]
) -> None:
    entry = entry_of(lambda: write(tree, ann))
    assert (entry.act, entry.user_id, entry.username, entry.subject_type) == (act, ann.pk, "ann", kind)
    assert entry.subject_id
    assert entry.subject


def test_an_entry_says_why_and_what(tree: Tree, ann: User) -> None:
    run = live(tree)
    entry = entry_of(lambda: cancel_run(run, user=ann, reason="too slow"))
    assert (entry.reason, entry.subject_id, entry.detail) == (
        "too slow",
        str(run.pk),
        {"run": str(run.pk), "tree": "Nightly"},
    )
    entry = entry_of(lambda: share_tree(tree, "private", [], ann))
    assert entry.detail == {
        "before": {"visibility": "everyone", "groups": []},
        "after": {"visibility": "private", "groups": []},
    }
    entry = entry_of(lambda: save_definition(tree, SPEC, user=ann, message="for the audit"))
    assert (entry.reason, entry.detail) == ("for the audit", {"version": 2, "tasks": 1})


def test_what_changes_nothing_leaves_no_entry(tree: Tree, ann: User) -> None:
    run = make_run(tree, requested_by=ann)
    start_run(tree, user=ann, idempotency_key="once")
    count = AuditEntry.objects.count()
    assert start_run(tree, user=ann, idempotency_key="once")
    cancel_run(run, user=ann)
    archive_tree(tree, ann, archived=False)
    share_tree(tree, "everyone", [], ann)
    give_tree(tree, ann, ann)
    assert AuditEntry.objects.count() == count


def test_a_write_that_fails_leaves_no_entry(tree: Tree, ann: User) -> None:
    count = AuditEntry.objects.count()
    with pytest.raises(InvalidDefinitionError):
        start_run(create_tree(TreeSpec("Bad", (TaskSpec("a", "A", "no-such-executor"),))), user=ann)
    with pytest.raises(RuntimeError), transaction.atomic():
        save_definition(tree, tree_spec(tree), user=ann)
        raise RuntimeError("the request breaks")
    acts = AuditEntry.objects.order_by("id").values_list("act", flat=True)[count:]
    assert list(acts) == ["tree.create"]


def test_an_entry_outlives_its_user_and_its_subject(tree: Tree, ann: User) -> None:
    delete_tree(tree, ann)
    pk = ann.pk
    ann.delete()
    entry = AuditEntry.objects.get(act="tree.delete")
    assert (entry.user_id, entry.username, entry.subject) == (pk, "ann", "Nightly")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE orchestration_auditentry SET reason = 'x'",
        "DELETE FROM orchestration_auditentry",
        "UPDATE orchestration_auditentry SET id = id + 1000",
    ],
)
def test_raw_sql_changes_no_entry(tree: Tree, statement: str) -> None:
    refused = pytest.raises(DatabaseError, match="neither changed nor deleted")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert AuditEntry.objects.get().reason == ""


def test_the_orm_changes_no_entry(tree: Tree) -> None:
    entry = AuditEntry.objects.get()
    entry.reason = "x"
    acts: list[Callable[[], Any]] = [
        entry.save,
        entry.delete,
        lambda: AuditEntry.objects.update(reason="x"),
        lambda: AuditEntry.objects.all().delete(),
    ]
    for act in acts:
        with pytest.raises(DatabaseError, match="neither changed nor deleted"), transaction.atomic():
            act()
    assert AuditEntry.objects.get().reason == ""


def test_hostile_texts_are_stored_as_they_can_be(ann: User) -> None:
    audit.record("session.refused", username="a\x00b" + "x" * 300, reason="r\ud800" * 2000, detail={"n": float("nan")})
    entry = AuditEntry.objects.get()
    assert entry.username.startswith("a\ufffdbxxx")
    assert len(entry.username) <= 150
    assert entry.reason.startswith("r\ufffdr\ufffd")
    assert entry.detail == {"note": "the details can't be stored as JSON"}
