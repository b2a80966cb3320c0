"""Schedules over the API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from orchestration.models import AuditEntry, Run, Schedule, Tree

from .conftest import Caller
from .world import make_tree

pytestmark = pytest.mark.django_db

DAILY: dict[str, Any] = {"name": "Nightly", "kind": "daily", "expression": "02:30", "timezone": "Europe/Berlin"}


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


def test_a_preview_of_what_is_not_saved(editor: Caller) -> None:
    body = {"kind": "cron", "expression": "0 0 13 * 5", "starts_at": "2031-01-01T00:00:00Z", "count": 4}
    answer = editor("POST", "/schedules/preview", body)
    assert answer.body["words"].startswith("at 00:00 on the 13th day of month or on Friday (UTC), from")
    days = [fire[:10] for fire in answer.body["next_fires"]]
    assert days == ["2031-01-03", "2031-01-10", "2031-01-13", "2031-01-17"]
    never = editor("POST", "/schedules/preview", {"kind": "cron", "expression": "0 0 30 2 *"})
    assert "never fires" in never.body["error"]["message"]


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
