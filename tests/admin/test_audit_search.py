"""The audit trail is found by who, what, to what, how, when and words, by page and by API; and exported."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import AsyncClient, Client

from orchestration.actions import audit
from orchestration.actions.audit import Origin, writing_from
from orchestration.actions.audit_search import AuditSearch
from orchestration.models import AuditEntry
from orchestration.store.audit_trail import audit_acts, audit_subject_types
from orchestration.store.counted import CountedPaginator
from tests.pages.scene import HOSTILE, make_tree, make_user

pytestmark = pytest.mark.django_db

LIST = "/admin/orchestration/auditentry/"


@pytest.fixture
def entries(ada: User) -> dict[str, AuditEntry]:
    """One of each kind, by a word of its own."""
    tree = make_tree("Nightly import")
    ann = make_user("ann")
    audit.record("tree.save", tree, user=ann, reason="because of gooseberries", detail={"version": 7, "by": "quince"})
    with writing_from(Origin("api", "203.0.113.7", "nightly build (apf_1234…)")):
        audit.record("run.start", make_tree("Other"), user=ada)
    audit.record("tree.delete", tree, user=ada)
    audit.record("session.refused", username="mallory")
    found = list(AuditEntry.objects.exclude(act="session.sign_in").order_by("id"))
    return dict(zip(("save", "start", "delete", "refused"), found, strict=True))


def found(**narrowed: Any) -> set[str]:
    rows = AuditSearch(**narrowed).narrow(AuditEntry.objects.exclude(act="session.sign_in"))
    return {row.act.partition(".")[2] for row in rows}


def test_each_filter_finds_its_own(entries: dict[str, AuditEntry]) -> None:
    tree = entries["save"].subject_id
    for narrowed, expected in (
        ({}, {"save", "start", "delete", "refused"}),
        ({"user": "ann"}, {"save"}),
        ({"user": "mallory"}, {"refused"}),
        ({"act": "tree.save"}, {"save"}),
        ({"act": "tree."}, {"save", "delete"}),
        ({"object": "tree"}, {"save", "start", "delete"}),
        ({"object": f"tree:{tree}"}, {"save", "delete"}),
        ({"object": f"run:{tree}"}, set()),
        ({"subject": "Other"}, {"start"}),
        ({"subject": tree}, {"save", "delete"}),
        ({"via": "api"}, {"start"}),
        ({"words": "goose"}, {"save"}),
        ({"words": "GOOSEBERRIES quince"}, {"save"}),
        ({"words": "quince nothing"}, set()),
        ({"words": "203.0.113.7"}, {"start"}),
        ({"words": "apf_1234"}, {"start"}),
        ({"words": "nightly"}, {"save", "start", "delete"}),
        ({"words": "tree.save"}, {"save"}),
        ({"words": tree}, {"save", "delete"}),
        ({"words": "  "}, {"save", "start", "delete", "refused"}),
        ({"words": "'&|!():*\\ <->"}, set()),
        ({"words": "night & ! import:* <-> 'x"}, set()),
        ({"since": datetime.now(UTC) + timedelta(days=1)}, set()),
        ({"until": datetime.now(UTC) - timedelta(hours=1)}, set()),
        ({"user": "ada", "act": "tree.", "words": "import"}, {"delete"}),
    ):
        assert found(**narrowed) == expected, narrowed


def test_long_and_strange_details_do_not_stop_a_write(ada: User) -> None:
    audit.record("tree.save", user=ada, detail={"text": "x" * 3000 + " end " + "é" * 40_000, "more": HOSTILE})
    assert AuditEntry.objects.filter(act="tree.save").exists()


def test_acts_and_kinds_are_listed(entries: dict[str, AuditEntry]) -> None:
    audit.record("user.password", make_user("ben"))
    assert [act for act in audit_acts() if act != "session.sign_in"] == [
        *("run.start", "session.refused", "tree.delete", "tree.save", "user.password"),
    ]
    assert audit_subject_types() == ["tree", "user"]


# --- the list ---------------------------------------------------------------------------------------------------------


def test_the_list_takes_the_same_filters(browser: Client, entries: dict[str, AuditEntry]) -> None:
    tree = entries["save"].subject_id
    today = datetime.now(UTC).date()
    for query, count in (
        ({"q": "gooseberries"}, 1),
        ({"user": "ann"}, 1),
        ({"act": "tree."}, 2),
        ({"object": f"tree:{tree}"}, 2),
        ({"via": "api"}, 1),
        ({"since": today.isoformat(), "act": "tree."}, 2),
        ({"until": today.isoformat(), "act": "tree."}, 2),
        ({"until": (today - timedelta(days=1)).isoformat()}, 0),
        ({"since": "tomorrow"}, 0),
        ({"user": "", "act": "", "object": "", "q": "quince", "via": "", "since": "", "until": ""}, 1),
    ):
        assert browser.get(LIST, query).context["cl"].result_count == count, query
    assert browser.get(LIST, {"nothing": "1"}).status_code == 302  # Django's own refusal
    assert browser.get(LIST, {"user__password": "x"}).status_code == 400


def test_entries_lead_to_what_they_are_about(browser: Client, entries: dict[str, AuditEntry], ada: User) -> None:
    entry = entries["save"]
    text = browser.get(LIST).content.decode()
    assert f'href="/trees/{entry.subject_id}/"' in text
    assert f'href="/admin/auth/user/{ada.pk}/change/"' in text
    User.objects.filter(username="ann").delete()
    page = browser.get(f"{LIST}{entry.pk}/change/").content.decode()
    assert "ann" in page
    assert f"object=tree%3A{entry.subject_id}" in page
    assert "user=ann" in page
    # What was deleted by the act itself is no link.
    assert f'href="/trees/{entry.subject_id}/"' not in browser.get(LIST, {"act": "tree.delete"}).content.decode()


def test_few_queries_and_no_full_count(browser: Client, ada: User, django_assert_max_num_queries: Any) -> None:
    for number in range(60):
        audit.record("tree.save", make_tree(f"Tree {number}"), user=make_user(f"user {number}"))
    with django_assert_max_num_queries(14) as captured:
        assert browser.get(LIST).status_code == 200
    counts = [query["sql"] for query in captured.captured_queries if "COUNT(" in query["sql"]]
    assert counts
    assert all("LIMIT 10000" in sql for sql in counts)


def test_a_long_list_is_counted_so_far(monkeypatch: pytest.MonkeyPatch, ada: User) -> None:
    monkeypatch.setattr("orchestration.store.counted.COUNTED", 3)
    for _ in range(5):
        audit.record("tree.save", user=ada)
    assert CountedPaginator(AuditEntry.objects.order_by("-id"), 2).count == 3


def test_hostile_texts_stay_texts(browser: Client, ada: User) -> None:
    audit.record("tree.save", make_tree(HOSTILE), user=ada, reason=HOSTILE, detail={HOSTILE: HOSTILE})
    for path in (
        LIST,
        f"{LIST}?q={'%3Cscript%3E'}&user=%3Cscript%3E",
        f"{LIST}{AuditEntry.objects.latest('id').pk}/change/",
    ):
        assert "<script>alert" not in browser.get(path).content.decode()


@pytest.mark.parametrize("role", ["viewer", "operator", "editor", None])
def test_it_is_for_administrators(role: str | None) -> None:
    user = make_user("ben", is_staff=True)
    if role:
        user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    for path in (LIST, f"{LIST}export/csv/", "/api/v1/audit", "/api/v1/audit/export"):
        assert client.get(path).status_code == 403, path


# --- exports ----------------------------------------------------------------------------------------------------------


async def _exported(user: User, path: str) -> str:
    client = AsyncClient()
    await client.aforce_login(user)
    answer = await client.get(path)
    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"]
    return b"".join([piece async for piece in answer]).decode()  # type: ignore[attr-defined]


@pytest.mark.django_db(transaction=True)
@pytest.mark.asyncio
@pytest.mark.parametrize("base", [f"{LIST}export/{{}}/?", "/api/v1/audit/export?format={}&"])
async def test_an_export_has_what_the_list_has(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.actions.audit_export._AT_A_TIME", 2)
    ada = await User.objects.acreate(username="ada", is_superuser=True)
    names = ["=1+1", "+1", "-1", "@sum", "\tx", "plain, “quoted”"]
    detail = {"changed": {"groups": [["viewer"], ["editor", "naïve"]]}}
    rows = [AuditEntry(act="tree.save", username="ada", via="api", subject=name, detail=detail) for name in names]
    await AuditEntry.objects.abulk_create([*rows, AuditEntry(act="run.start", via="api")])
    table = list(csv.DictReader(io.StringIO(await _exported(ada, base.format("csv") + "act=tree.save"), newline="")))
    assert [row["subject"] for row in table] == ["plain, “quoted”", "'\tx", "'@sum", "'-1", "'+1", "'=1+1"]
    assert table[0]["detail"] == '{"changed": {"groups": [["viewer"], ["editor", "naïve"]]}}'
    lines = [json.loads(line) for line in (await _exported(ada, base.format("jsonl") + "act=tree.save")).splitlines()]
    assert [line["subject"] for line in lines] == names[::-1]
    assert lines[0]["detail"] == detail
    assert datetime.fromisoformat(lines[0]["at"]).tzinfo is not None
    entry = await AuditEntry.objects.filter(act="audit.export").alatest("id")
    assert (entry.username, entry.detail) == ("ada", {"format": "jsonl", "filter": {"act": "tree.save"}})


def test_there_is_no_other_export(browser: Client) -> None:
    assert browser.get(f"{LIST}export/xml/").status_code == 404
    assert browser.get(f"{LIST}export/csv/", {"since": "tomorrow"}).status_code == 404
    assert browser.get("/api/v1/audit/export", {"format": "xml"}).status_code == 400


# --- nothing is changed, and old entries go on request alone ----------------------------------------------------------


@pytest.mark.parametrize(
    "write",
    [
        lambda: AuditEntry.objects.update(reason="another"),
        lambda: AuditEntry.objects.all().delete(),
        lambda: AuditEntry.objects.latest("id").delete(),
        lambda: AuditEntry.objects.latest("id").save(),
    ],
)
def test_the_database_keeps_entries(ada: User, write: Any) -> None:
    audit.record("tree.save", user=ada)
    with pytest.raises(DatabaseError, match="neither changed nor deleted"), transaction.atomic():
        write()


def test_even_the_pruning_lets_young_ones_be(ada: User) -> None:
    audit.record("tree.save", user=ada)
    with pytest.raises(DatabaseError, match="neither"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL apflow.prune_audit = 'on'")
        cursor.execute("DELETE FROM orchestration_auditentry")
    with pytest.raises(DatabaseError, match="neither"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL apflow.prune_audit = 'on'")
        cursor.execute("UPDATE orchestration_auditentry SET at = '2020-01-01'")


def test_old_entries_go_on_request(ada: User, capsys: pytest.CaptureFixture[str]) -> None:
    old = datetime.now(UTC) - timedelta(days=400)
    AuditEntry.objects.bulk_create(AuditEntry(act="tree.save", username="gone", via="api", at=old) for _ in range(3))
    audit.record("tree.save", user=ada)
    for at in (old, datetime.now(UTC)):
        LogEntry.objects.create(user=ada, action_flag=CHANGE, object_repr="CRM", action_time=at)
    call_command("prune", audit_older_than=timedelta(days=365), dry_run=True)
    assert "3 audit entries would be deleted" in capsys.readouterr().out
    call_command("prune", audit_older_than=timedelta(days=365))
    assert not AuditEntry.objects.filter(username="gone").exists()
    assert AuditEntry.objects.filter(act="tree.save", username="ada").count() == 1
    assert LogEntry.objects.get().action_time > old
    entry = AuditEntry.objects.get(act="audit.prune")
    assert (entry.via, entry.detail) == ("command", {"entries": 3, "older_than_days": 365})
    with pytest.raises(CommandError, match="30d or more"):
        call_command("prune", audit_older_than=timedelta(days=29))
    with pytest.raises(CommandError, match="Say what is old"):
        call_command("prune")
    with pytest.raises(DatabaseError, match="neither"), transaction.atomic():
        AuditEntry.objects.all().delete()


def test_entries_outlive_their_user(browser: Client) -> None:
    ann = make_user("ann")
    audit.record("tree.save", user=ann)
    browser.post(f"/admin/auth/user/{ann.pk}/delete/", {"post": "yes"})
    assert not User.objects.filter(username="ann").exists()
    assert AuditEntry.objects.get(act="tree.save").username == "ann"
