"""Schedules over the API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from orchestration.actions.firing import fire_due
from orchestration.models import AuditEntry, Run, Schedule, ScheduleFire, Tree
from tests.schedule_clock import EXPRESSIONS, Clock, set_clock

from .conftest import Caller
from .world import make_tree

pytestmark = pytest.mark.django_db

DAILY: dict[str, Any] = {"name": "Nightly", "kind": "daily", "expression": "02:30", "timezone": "Europe/Berlin"}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """No full hour. Tests ask for it first, so that people sign in by it."""
    return set_clock(monkeypatch, datetime(2027, 3, 1, 14, 37, 12, 500_000, tzinfo=UTC))


@pytest.fixture
def tree(editor: Caller) -> Tree:
    """A tree of the editor's with a schema of parameters."""
    made = make_tree("Import", editor.user)
    made.parameters = {"type": "object", "properties": {"day": {"type": "integer", "default": 1}}}
    made.save()
    return made


def make(editor: Caller, tree: Tree, **fields: Any) -> Any:
    """Make a schedule and return the answer."""
    return editor("POST", "/schedules", {"tree": str(tree.pk), **DAILY, **fields})


def test_a_schedule_from_its_making_to_its_end(editor: Caller, tree: Tree) -> None:
    made = make(editor, tree)
    assert made.status == 201
    body = made.body
    assert body["words"] == "every day at 02:30 (Europe/Berlin)"
    assert (body["state"], body["responsible"], body["tree_name"]) == ("on", "edda", "Import")
    assert len(body["next_fires"]) == 5
    assert body["next_fires"][0] == body["next_due_at"]
    assert any("02:30 comes twice" in note or "no 02:30" in note for note in body["notes"])
    path = f"/schedules/{body['id']}"
    changed = editor("PUT", path, {**DAILY, "expression": "3:00", "max_runs": 2})
    assert (changed.body["words"], changed.body["max_runs"]) == ("every day at 03:00 (Europe/Berlin)", 2)
    assert len(changed.body["next_fires"]) == 2
    assert editor("PUT", f"{path}/enabled", {"enabled": False}).body["next_fires"] == []
    assert editor("GET", f"/schedules?tree={tree.pk}&enabled=false").body["items"][0]["state"] == "off"
    assert editor("GET", "/schedules?enabled=true").body["items"] == []
    assert editor("DELETE", path).status == 204
    assert editor("GET", path).status == 404
    acts = AuditEntry.objects.filter(act__startswith="schedule").order_by("pk").values_list("act", flat=True)
    assert list(acts) == ["schedule.create", "schedule.change", "schedule.off", "schedule.delete"]


def test_run_now_starts_a_linked_run_and_counts_nothing(editor: Caller, tree: Tree) -> None:
    schedule = make(editor, tree, parameters={"day": 7}, priority=1).body
    fire = editor("POST", f"/schedules/{schedule['id']}/run")
    assert (fire.status, fire.body["outcome"], fire.body["by_hand"]) == (201, "started", True)
    run = Run.objects.get(pk=fire.body["run_id"])
    assert (run.trigger, run.parameters, run.priority) == ("schedule", {"day": 7}, 1)
    assert run.requested_by == editor.user
    assert editor("GET", f"/runs/{run.pk}").body["schedule_id"] == schedule["id"]
    assert editor("GET", f"/schedules/{schedule['id']}").body["run_count"] == 0
    (row,) = editor("GET", f"/schedules/{schedule['id']}/fires").body["items"]
    assert (row["run_id"], row["run_status"]) == (str(run.pk), "pending")


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"kind": "cron", "expression": "0 0 31 2 *"}, "$.expression"),
        ({"kind": "once", "expression": "2020-01-01T00:00"}, "$.expression"),
        ({"timezone": "Mars/Olympus"}, "$.timezone"),
        ({"parameters": {"day": "one"}}, "$.parameters.day"),
        ({"ends_at": "2020-01-01T00:00:00Z"}, "$.ends_at"),
        ({"starts_at": "2030-01-02T00:00:00Z", "ends_at": "2030-01-01T00:00:00Z"}, "$.ends_at"),
        ({"jitter_seconds": 4000}, "$.jitter_seconds"),
        ({"catch_up": 0}, "$.catch_up"),
        ({"max_runs": 0}, "$.max_runs"),
        ({"kind": "hourly"}, "$.kind"),
        ({"name": "   "}, "$.name"),
        ({"colour": "red"}, "$.colour"),
    ],
)
def test_what_is_wrong_is_refused_at_its_place(editor: Caller, tree: Tree, fields: dict[str, Any], path: str) -> None:
    answer = make(editor, tree, **fields)
    assert answer.status == 422
    assert answer.paths == [path]
    assert not Schedule.objects.exists()


@pytest.mark.parametrize("enabled", [True, False])
def test_a_limit_is_not_set_below_what_has_fired(editor: Caller, tree: Tree, enabled: bool) -> None:
    made = make(editor, tree, kind="interval", expression="3600", enabled=enabled).body
    path = f"/schedules/{made['id']}"
    Schedule.objects.update(run_count=3)
    whole = {name: made[name] for name in ("name", "kind", "expression", "parameters")}
    refused = editor("PUT", path, whole | {"max_runs": 2})
    assert (refused.status, refused.paths) == (422, ["$.max_runs"])
    assert "must not be less than 3: so often it has fired" in refused.body["error"]["message"]
    equal = editor("PUT", path, whole | {"max_runs": 3})
    # Nothing would be left of one that is on.
    assert equal.status == (422 if enabled else 200)
    assert editor("PUT", path, whole | {"max_runs": 4}).status == 200


def test_a_preview_of_what_is_not_saved(editor: Caller) -> None:
    body = {"kind": "cron", "expression": "0 0 13 * 5", "starts_at": "2031-01-01T00:00:00Z", "count": 4}
    answer = editor("POST", "/schedules/preview", body)
    assert answer.body["words"].startswith("at 00:00 on the 13th day of month or on Friday (UTC), from")
    days = [fire[:10] for fire in answer.body["next_fires"]]
    assert days == ["2031-01-03", "2031-01-10", "2031-01-13", "2031-01-17"]
    never = editor("POST", "/schedules/preview", {"kind": "cron", "expression": "0 0 30 2 *"})
    assert "never fires" in never.body["error"]["message"]


@pytest.mark.parametrize("kind", EXPRESSIONS)
@pytest.mark.parametrize("max_runs", [None, 2])
def test_what_is_previewed_is_what_is_saved(
    clock: Clock, editor: Caller, tree: Tree, kind: str, max_runs: int | None
) -> None:
    times = {"kind": kind, "expression": EXPRESSIONS[kind], "timezone": "Europe/Berlin", "max_runs": max_runs}
    previewed = editor("POST", "/schedules/preview", times).body["next_fires"]
    path = f"/schedules/{make(editor, tree, **times).body['id']}"
    assert len(previewed) == min(max_runs or 5, 1 if kind == "once" else 5)
    assert editor("GET", path).body["next_fires"] == previewed
    # A change: first the days of an earlier schedule, then the same ones again, which leaves what is planned.
    for passed in ({"hours": 100}, {"minutes": 10}):
        clock.go(**passed)
        changed = {**times, "starts_at": "2027-03-20T00:00:00Z", "count": 5, "schedule": path.rpartition("/")[2]}
        previewed = editor("POST", "/schedules/preview", changed).body["next_fires"]
        fields = {name: value for name, value in changed.items() if name not in ("count", "schedule")}
        assert editor("PUT", path, {"name": "Nightly", **fields}).body["next_fires"] == previewed


def test_a_preview_of_an_interval_counts_from_when_it_was_made(clock: Clock, editor: Caller, tree: Tree) -> None:
    hourly = {"kind": "interval", "expression": "3600", "count": 2}
    new = editor("POST", "/schedules/preview", hourly).body["next_fires"]
    assert new == ["2027-03-01T15:37:12Z", "2027-03-01T16:37:12Z"]
    schedule = make(editor, tree, kind="interval", expression="3600").body["id"]
    clock.go(minutes=30)
    other = editor("POST", "/schedules/preview", {**hourly, "expression": "1800", "schedule": schedule}).body
    assert other["next_fires"] == ["2027-03-01T15:37:12Z", "2027-03-01T16:07:12Z"]


def test_a_preview_of_a_change_knows_what_has_fired(editor: Caller, tree: Tree) -> None:
    schedule = make(editor, tree, max_runs=3).body["id"]
    Schedule.objects.update(run_count=2)
    for max_runs, count in ((3, 1), (2, 0), (7, 5), (None, 5)):
        body = {"kind": "daily", "expression": "02:30", "max_runs": max_runs, "schedule": schedule}
        assert len(editor("POST", "/schedules/preview", body).body["next_fires"]) == count


def test_a_preview_of_a_schedule_that_is_off_counts_from_now(clock: Clock, editor: Caller, tree: Tree) -> None:
    path = f"/schedules/{make(editor, tree).body['id']}"
    editor("PUT", f"{path}/enabled", {"enabled": False})
    clock.go(days=3)
    times = {name: DAILY[name] for name in ("kind", "expression", "timezone")}
    body = {**times, "schedule": path.rpartition("/")[2]}
    previewed = editor("POST", "/schedules/preview", body).body["next_fires"]
    assert previewed[0] == "2027-03-05T01:30:00Z"
    assert editor("PUT", f"{path}/enabled", {"enabled": True}).body["next_fires"] == previewed


def test_a_preview_of_a_schedule_is_for_those_who_see_it(
    editor: Caller, admin: Caller, viewer: Caller, tree: Tree
) -> None:
    schedule = make(editor, tree).body["id"]
    body = {"kind": "daily", "expression": "02:30", "schedule": schedule}
    assert editor("POST", "/schedules/preview", body).status == 200
    assert viewer("POST", "/schedules/preview", body).status == 403
    tree.owner, tree.visibility = admin.user, Tree.Visibility.PRIVATE
    tree.save()
    assert editor("POST", "/schedules/preview", body).status == 404
    assert admin("POST", "/schedules/preview", body).status == 200
    assert editor("POST", "/schedules/preview", {**body, "schedule": str(uuid4())}).status == 404


def test_switching_on_never_makes_up_for_the_past(editor: Caller, tree: Tree) -> None:
    path = f"/schedules/{make(editor, tree, kind='interval', expression='60').body['id']}"
    editor("PUT", f"{path}/enabled", {"enabled": False})
    Schedule.objects.update(
        next_due_at=timezone.now() - timedelta(days=3), next_fire_at=timezone.now() - timedelta(days=3)
    )
    on = editor("PUT", f"{path}/enabled", {"enabled": True}).body
    assert datetime.fromisoformat(on["next_due_at"]) > datetime.now(UTC)


def test_all_are_paused_by_administrators(editor: Caller, admin: Caller) -> None:
    assert editor("PUT", "/schedules/pause", {"paused": True}).status == 403
    paused = admin("PUT", "/schedules/pause", {"paused": True, "reason": "Moving house"}).body
    assert (paused["paused"], paused["paused_by"], paused["reason"]) == (True, "ada", "Moving house")
    assert editor("GET", "/schedules/pause").body == paused
    assert admin("PUT", "/schedules/pause", {"paused": False}).body["paused"] is False


def test_secrets_in_parameters_are_for_editors(editor: Caller, tree: Tree, viewer: Caller) -> None:
    schedule = make(editor, tree, parameters={"password": "correct horse"}).body
    assert schedule["parameters"] == {"password": "correct horse"}
    entry = AuditEntry.objects.get(act="schedule.create")
    assert "correct horse" not in str(entry.detail)
    assert viewer("GET", f"/schedules/{schedule['id']}").status == 403
    assert viewer("GET", "/schedules").body["items"] == []


SPAN: dict[str, Any] = {"since": "2025-03-28T00:00:00+01:00", "until": "2025-03-31T12:00:00+02:00"}


def test_a_backfill_from_a_look_to_its_cancelling(editor: Caller, tree: Tree) -> None:
    path = f"/schedules/{make(editor, tree).body['id']}"
    look = editor("POST", f"{path}/backfill", {**SPAN, "dry_run": True})
    assert look.status == 200
    assert {name: look.body[name] for name in ("words", "count", "left_out", "first", "last")} == {
        "words": "every day at 02:30 (Europe/Berlin)",
        "count": 4,
        "left_out": 0,
        "first": "2025-03-28T01:30:00Z",
        "last": "2025-03-31T00:30:00Z",
    }
    assert look.body["notes"][0].startswith("On 2025-03-30")
    assert editor("GET", f"{path}/backfills").body["items"] == []
    made = editor("POST", f"{path}/backfill", {**SPAN, "at_once": 2})
    assert (made.status, made.body["count"], made.body["waiting"], made.body["asked_by"]) == (201, 4, 4, "edda")
    again = editor("POST", f"{path}/backfill", SPAN)
    assert (again.status, again.paths) == (422, ["$.schedule"])
    fire_due()
    (row,) = editor("GET", f"{path}/backfills").body["items"]
    assert (row["started"], row["waiting"], row["going_on"], row["ended_at"]) == (2, 2, 2, None)
    fires = editor("GET", f"{path}/fires").body["items"]
    assert [(fire["outcome"], fire["backfill_id"]) for fire in fires] == [
        *[("waiting", row["id"])] * 2,
        *[("started", row["id"])] * 2,
    ]
    cancelled = editor("POST", f"{path}/backfills/{row['id']}/cancel").body
    assert (cancelled["started"], cancelled["cancelled"], cancelled["waiting"]) == (2, 2, 0)
    assert editor("POST", f"{path}/backfills/{row['id']}/cancel").body == cancelled
    other = f"/schedules/{make(editor, tree).body['id']}"
    assert editor("POST", f"{other}/backfills/{row['id']}/cancel").status == 404


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"until": "2999-01-01T00:00:00Z"}, "$.until"),
        ({"since": "2025-04-01T00:00:00Z"}, "$.until"),
        ({"since": "2025-03-01T00:00:00"}, "$.since"),
        ({"at_once": 0}, "$.at_once"),
        ({"at_once": 101}, "$.at_once"),
        ({"again": "yes"}, "$.again"),
        ({"since": "2025-03-30T12:00:00Z", "until": "2025-03-30T13:00:00Z"}, "$.schedule"),
    ],
)
def test_what_can_be_no_backfill_is_refused(editor: Caller, tree: Tree, body: dict[str, Any], path: str) -> None:
    schedule = make(editor, tree).body
    answer = editor("POST", f"/schedules/{schedule['id']}/backfill", {**SPAN, **body})
    assert (answer.status, answer.paths) == (422, [path])
    assert not ScheduleFire.objects.exists()


def test_a_run_has_the_moment_that_it_is_for(editor: Caller, tree: Tree) -> None:
    tree.parameters = {"type": "object", "properties": {"at": {"type": "string"}}}
    tree.save()
    schedule = make(editor, tree, parameters={"at": "{{ scheduled_at }}"}).body
    assert schedule["parameters"] == {"at": "{{ scheduled_at }}"}
    fire = editor("POST", f"/schedules/{schedule['id']}/run").body
    at = datetime.fromisoformat(Run.objects.get(pk=fire["run_id"]).parameters["at"])
    assert at == datetime.fromisoformat(fire["due_at"]).replace(microsecond=0)
    assert make(editor, tree, parameters={"at": "{{ scheduled_at + nothing }}"}).paths == ["$.parameters.at"]
