"""Views of the list of runs: filters that people keep."""

from __future__ import annotations

from typing import Any

import pytest

from orchestration.actions.run_views import MAX_VIEWS
from orchestration.models import RunView

from .conftest import Caller

pytestmark = pytest.mark.django_db


def names(caller: Caller) -> list[Any]:
    return [(view["name"], view["is_default"]) for view in caller("GET", "/run-views").body["items"]]


def test_views_are_kept_changed_and_forgotten(viewer: Caller) -> None:
    made = viewer("POST", "/run-views", {"name": " Failed ", "query": "status=failed"})
    assert made.status == 201
    assert made.body == {"id": made.body["id"], "name": "Failed", "query": "status=failed", "is_default": False}
    changed = viewer("PATCH", f"/run-views/{made.body['id']}", {"name": "Failed today", "query": "when=day"})
    assert (changed.body["name"], changed.body["query"]) == ("Failed today", "when=day")
    assert viewer("DELETE", f"/run-views/{made.body['id']}").status == 204
    assert names(viewer) == []


def test_one_view_is_the_default(viewer: Caller, editor: Caller) -> None:
    editor("POST", "/run-views", {"name": "Theirs", "query": "", "is_default": True})
    first = viewer("POST", "/run-views", {"name": "A", "query": "", "is_default": True}).body
    viewer("POST", "/run-views", {"name": "B", "query": "", "is_default": True})
    assert names(viewer) == [("A", False), ("B", True)]
    viewer("PATCH", f"/run-views/{first['id']}", {"is_default": True})
    assert names(viewer) == [("A", True), ("B", False)]
    assert names(editor) == [("Theirs", True)]


def test_a_view_is_its_owners_alone(viewer: Caller, editor: Caller) -> None:
    made = editor("POST", "/run-views", {"name": "Theirs", "query": ""}).body
    assert names(viewer) == []
    assert viewer("PATCH", f"/run-views/{made['id']}", {"name": "Mine"}).status == 404
    assert viewer("DELETE", f"/run-views/{made['id']}").status == 404


@pytest.mark.parametrize(
    "body",
    [
        {"name": "", "query": ""},
        {"name": "  ", "query": ""},
        {"name": "x" * 61, "query": ""},
        {"name": "A", "query": "x" * 2001},
        {"name": "A", "query": "", "is_default": 1},
        {"name": "A"},
        {"name": "taken", "query": ""},
    ],
)
def test_a_wrong_view_is_refused(viewer: Caller, body: Any) -> None:
    viewer("POST", "/run-views", {"name": "taken", "query": ""})
    answer = viewer("POST", "/run-views", body)
    assert (answer.status, answer.code) == (422, "invalid")
    assert RunView.objects.count() == 1


def test_there_is_an_end_to_them(viewer: Caller) -> None:
    RunView.objects.bulk_create(RunView(user=viewer.user, name=f"View {n}") for n in range(MAX_VIEWS))
    assert viewer("POST", "/run-views", {"name": "One more", "query": ""}).status == 422
    view = RunView.objects.all()[0]
    assert viewer("PATCH", f"/run-views/{view.pk}", {"name": "Another name"}).status == 200
