"""Sessions by the API."""

from __future__ import annotations

from django.test import Client

from orchestration.models import SignedIn

from .conftest import Caller


def ids(caller: Caller, path: str) -> list[int]:
    answer = caller("get", path)
    assert answer.status == 200, answer.body
    return [line["id"] for line in answer.body["items"]]


def test_ones_own_are_listed_and_ended(viewer: Caller) -> None:
    other = Caller(viewer.user)
    (other_id,) = [line["id"] for line in viewer("get", "/me/sessions").body["items"] if not line["is_this"]]
    line = viewer("get", "/me/sessions").body["items"]
    assert {row["user"] for row in line} == {"vic"}
    assert viewer.client.cookies["sessionid"].value not in str(line)
    assert viewer("delete", f"/me/sessions/{other_id}").status == 204
    assert other("get", "/me").status == 401
    assert viewer("delete", f"/me/sessions/{other_id}").status == 404
    Caller(viewer.user)
    assert viewer("delete", "/me/sessions").body == {"ended": 1}
    assert viewer("get", "/me").status == 200


def test_administrators_end_those_of_others_and_nobody_else_does(viewer: Caller, editor: Caller, admin: Caller) -> None:
    theirs = SignedIn.objects.get(user=viewer.user).pk
    assert editor("delete", f"/me/sessions/{theirs}").status == 404
    assert editor("delete", f"/sessions/{theirs}").status == 403
    assert editor("get", "/sessions").status == 403
    assert ids(admin, "/sessions?user=vic") == [theirs]
    assert len(ids(admin, "/sessions")) == 3
    assert admin("delete", f"/sessions/{theirs}").status == 204
    assert viewer("get", "/me").status == 401


def test_a_stranger_has_none(db: None) -> None:
    assert Client().get("/api/v1/me/sessions").status_code == 401
