"""Users and groups over the API."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from django.contrib.auth.models import Group, Permission, User

from orchestration.actions.executors import decide
from orchestration.actions.people import delete_person
from orchestration.actions.tokens import create_token
from orchestration.models import AuditEntry, SignedIn
from orchestration.models.roles import ROLE_PERMISSIONS
from tests.lock_race import act_after_waiting

from .conftest import Answer, Caller, person
from .world import make_session, make_tree

pytestmark = pytest.mark.django_db

PASSWORD: Final = "n3w-and-long-enough"
ANN: Final[dict[str, Any]] = {"username": "ann", "email": "ann@example.org", "groups": ["editor"]}


@pytest.fixture(autouse=True)
def _nothing_says_a_password(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a test does: neither the trail nor a log has a password, nor what it is stored as."""
    caplog.set_level(logging.DEBUG)
    yield
    said = [str(list(AuditEntry.objects.values()))]
    said += [record.getMessage() for record in caplog.records if not record.name.startswith("django.db")]
    hashes = [text for text in User.objects.values_list("password", flat=True) if text]
    for text in said:
        assert PASSWORD not in text
        assert not any(one in text for one in hashes)


def details(act: str) -> list[dict[str, Any]]:
    return list(AuditEntry.objects.filter(act=act).order_by("pk").values_list("detail", flat=True))


# --- users ------------------------------------------------------------------------------------------------------------


def test_a_user_from_their_making_to_their_end(admin: Caller) -> None:
    answer = admin("POST", "/users", {**ANN, "password": PASSWORD, "permissions": ["orchestration.delete_run"]})
    assert answer.status == 201
    made = answer.body
    known = {
        **{"username": "ann", "email": "ann@example.org", "first_name": "", "last_name": "", "groups": ["editor"]},
        **{"is_active": True, "is_staff": False, "is_superuser": False, "has_password": True, "last_login": None},
        "permissions": ["orchestration.delete_run"],
    }
    assert made == known | {name: made[name] for name in ("id", "date_joined")}
    ann, path = User.objects.get(username="ann"), f"/users/{made['id']}"
    assert ann.check_password(PASSWORD) and ann.has_perm("orchestration.add_tree")
    assert admin("GET", path).body == made

    changes = {"first_name": "Ann", "groups": ["operator", "viewer"], "permissions": [], "is_staff": True}
    changed = admin("PATCH", path, changes).body
    assert changed == made | changes
    assert admin("PATCH", path, {"email": None}).body == changed  # null is what is absent
    assert User.objects.get(pk=ann.pk).check_password(PASSWORD)

    tree = make_tree("Hers", ann)
    create_token(ann, "nightly", "read")
    assert admin("DELETE", path).status == 204
    assert [admin("GET", path).status, admin("PATCH", path, {}).status, admin("DELETE", path).status] == [404] * 3
    tree.refresh_from_db()
    assert tree.owner is None

    (created,), (change,), (deleted,) = (details(f"user.{act}") for act in ("create", "change", "delete"))
    assert (created["username"], created["groups"], created["password"]) == ("ann", ["editor"], "a new one")
    assert change["changed"] == {
        **{"first_name": ["", "Ann"], "is_staff": [False, True], "groups": [["editor"], ["operator", "viewer"]]},
        "user_permissions": [["orchestration.delete_run"], []],
    }
    assert (deleted["first_name"], deleted["groups"]) == ("Ann", ["operator", "viewer"])
    entry = AuditEntry.objects.get(act="user.change")
    assert (entry.username, entry.via, entry.subject) == ("ada", "api", "ann")


def test_without_a_password_somebody_has_none(admin: Caller) -> None:
    made = admin("POST", "/users", ANN).body
    assert made["has_password"] is False
    assert not User.objects.get(username="ann").has_usable_password()
    assert "password" not in details("user.create")[0]


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"username": ""}, "$.username"),
        ({"username": "a b"}, "$.username"),
        ({"username": "x" * 151}, "$.username"),
        ({"username": "taken"}, "$.username"),
        ({"username": "TAKEN"}, "$.username"),
        ({"username": "a\x00b"}, "$"),
        ({"email": "nonsense"}, "$.email"),
        ({"groups": ["editor", "nobody knows it"]}, "$.groups[1]"),
        ({"groups": "editor"}, "$.groups"),
        ({"permissions": ["orchestration.no_such"]}, "$.permissions[0]"),
        ({"permissions": ["add_run"]}, "$.permissions[0]"),
        ({"is_active": 1}, "$.is_active"),
        ({"is_superuser": "yes"}, "$.is_superuser"),
        ({"last_login": "2026-01-01T00:00:00Z"}, "$.last_login"),
        ({"id": 1}, "$.id"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_what_is_wrong_is_named_with_its_place(admin: Caller, method: str, fields: dict[str, Any], path: str) -> None:
    person("taken")
    there = person("there")
    answer = admin(method, "/users" if method == "POST" else f"/users/{there.pk}", {**ANN, **fields})
    assert answer.status in (400, 422)
    if answer.status == 422:
        assert answer.paths == [path]
    assert sorted(User.objects.values_list("username", flat=True)) == ["ada", "taken", "there"]
    assert not details("user.create") + details("user.change")


@pytest.mark.parametrize("password", ["short", "password", "1234567890123", "ann@example.org", ""])
def test_passwords_are_checked_as_everywhere(admin: Caller, password: str) -> None:
    answer = admin("POST", "/users", {**ANN, "password": password})
    assert (answer.status, set(answer.paths)) == (422, {"$.password"})
    there = person("there")
    answer = admin("PUT", f"/users/{there.pk}/password", {"password": password})
    if password != "ann@example.org":  # which is like nothing of theirs
        assert (answer.status, set(answer.paths)) == (422, {"$.password"})
    assert not User.objects.filter(username="ann").exists()


def test_a_new_password_ends_sessions_but_ones_own(admin: Caller) -> None:
    ann = person("ann")
    theirs = Caller(ann)
    path = f"/users/{ann.pk}/password"
    assert admin("PUT", path, {"password": PASSWORD}).body["has_password"] is True
    assert theirs("GET", "/me").status == 401
    assert User.objects.get(pk=ann.pk).check_password(PASSWORD)
    assert admin("PUT", path, {"password": None}).body["has_password"] is False
    assert admin("PUT", path, {}).paths == ["$.password"]
    elsewhere = Caller(admin.user)
    assert admin("PUT", f"/users/{admin.user.pk}/password", {"password": PASSWORD}).status == 200
    assert (admin("GET", "/me").status, elsewhere("GET", "/me").status) == (200, 401)
    assert [detail["usable"] for detail in details("user.password")] == [True, False, True]


@pytest.mark.django_db(transaction=True)
def test_somebody_who_is_just_being_deleted_gets_no_password(admin: Caller) -> None:
    ann = person("ann")
    change: dict[str, Any] = {"password": PASSWORD}
    answer = act_after_waiting(
        ann,
        lambda: delete_person(ann, user=admin.user),
        lambda: admin("PUT", f"/users/{ann.pk}/password", change),
    )
    assert (answer.status, answer.code) == (404, "not_found")
    assert not details("user.password")


def test_who_is_deactivated_or_signed_out_is_out_at_once(admin: Caller) -> None:
    ann = person("ann")
    theirs = Caller(ann)
    make_session(ann)
    assert admin("DELETE", f"/users/{ann.pk}/sessions").body == {"ended": 2}
    assert theirs("GET", "/me").status == 401
    again = Caller(ann)
    assert admin("PATCH", f"/users/{ann.pk}", {"is_active": False}).status == 200
    assert not SignedIn.objects.filter(user=ann).exists()
    admin("PATCH", f"/users/{ann.pk}", {"is_active": True})
    assert again("GET", "/me").status == 401


def test_what_is_odd_of_old_keeps_nobody_from_being_deactivated(admin: Caller) -> None:
    odd = [person(name) for name in ("not a name", "Twin", "twin")]
    for user in odd:
        assert admin("PATCH", f"/users/{user.pk}", {"is_active": False}).status == 200
        assert admin("PATCH", f"/users/{user.pk}", {"username": "ADA"}).paths == ["$.username"]


def test_the_list_is_narrowed_and_paged(admin: Caller, django_assert_max_num_queries: Any) -> None:
    for number in range(12):
        user = person(f"user-{number:02}", "operator" if number % 3 == 0 else "viewer")
        User.objects.filter(pk=user.pk).update(is_active=number % 2 == 0, email=f"{number}@EXAMPLE.org")
    with django_assert_max_num_queries(8):
        page = admin("GET", "/users?limit=5").body
    names = [row["username"] for row in page["items"]]
    while page["next"]:
        page = admin("GET", f"/users?limit=5&cursor={page['next']}").body
        names += [row["username"] for row in page["items"]]
    assert names == ["ada", *(f"user-{number:02}" for number in range(12))]

    def found(query: str) -> int:
        return len(admin("GET", f"/users?{query}").body["items"])

    assert [found("active=true"), found("active=false"), found("group=operator"), found("group=nobody")] == [7, 6, 4, 0]
    assert [found("q=USER-1"), found("q=11@example"), found("group=operator&active=false")] == [2, 1, 2]
    assert (admin("GET", "/users?active=perhaps").status, admin("GET", "/users?name=ada").status) == (400, 400)


# --- somebody administers the site, and nobody makes themselves one ---------------------------------------------------


@pytest.mark.parametrize("taken", [{"is_active": False}, {"groups": ["editor"]}])
def test_the_last_administrator_stays(admin: Caller, taken: dict[str, Any]) -> None:
    path = f"/users/{admin.user.pk}"
    role = Group.objects.get(name="admin")
    acts: list[Callable[[], Answer]] = [
        lambda: admin("PATCH", path, taken),
        lambda: admin("DELETE", path),
        lambda: admin("PATCH", f"/groups/{role.pk}", {"permissions": ["orchestration.add_run"]}),
        lambda: admin("DELETE", f"/groups/{role.pk}"),
    ]
    for act in acts:
        answer = act()
        assert (answer.status, answer.code) == (409, "not_possible")
        assert "Nobody would be left who may administer this site" in answer.body["error"]["message"]
    admin.user.refresh_from_db()
    assert admin.user.is_active and admin.user.groups.get() == role and role.permissions.count() > 10
    assert not details("user.change") + details("user.delete") + details("group.change") + details("group.delete")
    User.objects.create(username="boss", is_superuser=True)
    assert admin("PATCH", path, taken).status == 200


def test_the_last_superuser_stays(db: None) -> None:
    boss = Caller(User.objects.create(username="boss", is_superuser=True))
    assert boss("PATCH", f"/users/{boss.user.pk}", {"is_superuser": False}).status == 409
    own = {"is_superuser": False, "permissions": ["orchestration.manage_all_trees"]}
    assert boss("PATCH", f"/users/{boss.user.pk}", own).status == 200


def test_permissions_of_ones_own_make_nobody_an_administrator(admin: Caller) -> None:
    mallory = person("mallory")
    verbs = [f"{verb}_{model}" for verb in ("add", "change", "delete", "view") for model in ("user", "group")]
    mallory.user_permissions.set(Permission.objects.filter(codename__in=verbs))
    caller, path = Caller(mallory), f"/users/{mallory.pk}"
    assert (caller("GET", "/users").status, caller("GET", "/groups").status, caller("GET", path).status) == (200,) * 3
    role = Group.objects.get(name="viewer").pk
    refused = [
        caller("PATCH", path, {"is_superuser": True}),
        caller("PATCH", path, {"groups": ["admin"]}),
        caller("PATCH", path, {"first_name": "Mal"}),
        caller("POST", "/users", {"username": "x", "is_superuser": True}),
        caller("PUT", f"/users/{admin.user.pk}/password", {"password": PASSWORD}),
        caller("DELETE", f"/users/{admin.user.pk}"),
        caller("DELETE", f"/users/{admin.user.pk}/sessions"),
        caller("POST", "/groups", {"name": "x"}),
        caller("PATCH", f"/groups/{role}", {"permissions": ["orchestration.manage_all_trees"]}),
        caller("DELETE", f"/groups/{role}"),
    ]
    assert [answer.status for answer in refused] == [403] * len(refused)
    mallory.refresh_from_db()
    assert not mallory.is_superuser and not mallory.groups.exists()


def test_who_administers_and_may_only_make_users_gives_no_rights(db: None) -> None:
    """The administration lets nobody make users who may not change them: they would give what they can't take."""
    half = person("half")
    rights = Permission.objects.filter(codename__in=["manage_all_trees", "add_user"])
    half.user_permissions.set(rights)
    caller = Caller(half)
    assert caller("POST", "/users", {"username": "x", "is_superuser": True}).status == 403
    assert caller("PATCH", f"/users/{half.pk}", {"is_superuser": True}).status == 403


@pytest.mark.parametrize(("scope", "status"), [("read", 403), ("run", 403), ("edit", 403), ("admin", 200)])
def test_a_token_reaches_as_far_as_its_scope(admin: Caller, scope: str, status: int) -> None:
    ann = person("ann")
    secret = create_token(admin.user, "nightly", scope).secret
    program = Caller(admin.user)
    program.client.logout()
    header = {"Authorization": f"Bearer {secret}"}
    answers = [program("GET", "/users", **header), program("PATCH", f"/users/{ann.pk}", {"is_staff": True}, **header)]
    assert [answer.status for answer in answers] == [status, status]
    assert User.objects.get(username="ann").is_staff is (status == 200)


# --- groups -----------------------------------------------------------------------------------------------------------


def test_a_group_from_its_making_to_its_end(admin: Caller) -> None:
    made = admin("POST", "/groups", {"name": "night shift", "permissions": ["orchestration.add_run"]})
    known = {"name": "night shift", "permissions": ["orchestration.add_run"], "members": 0}
    assert (made.status, made.body) == (201, {"id": made.body["id"], **known})
    path = f"/groups/{made.body['id']}"
    ann = admin("POST", "/users", {**ANN, "groups": ["night shift"]}).body
    assert admin("GET", path).body["members"] == 1
    assert admin("PATCH", path, {"name": "day shift"}).body["permissions"] == ["orchestration.add_run"]
    wanted = ["auth.view_user", "orchestration.change_run"]
    assert admin("PATCH", path, {"permissions": wanted}).body["permissions"] == wanted
    assert admin("PATCH", path, {}).status == 200
    assert admin("DELETE", path).status == 204
    assert [admin("GET", path).status, admin("PATCH", path, {}).status, admin("DELETE", path).status] == [404] * 3
    assert admin("GET", f"/users/{ann['id']}").body["groups"] == []
    assert details("group.create") == [{"name": "night shift", "permissions": ["orchestration.add_run"]}]
    assert details("group.change") == [
        {"changed": {"name": ["night shift", "day shift"]}},
        {"changed": {"permissions": [["orchestration.add_run"], wanted]}},
    ]
    assert details("group.delete") == [{"name": "day shift", "permissions": wanted, "members": ["ann"]}]


def test_a_group_that_an_executor_is_for_alone_stays(admin: Caller) -> None:
    night = Group.objects.create(name="night shift")
    decide("echo", {"allowed_groups": ["night shift"]})
    refused = admin("DELETE", f"/groups/{night.pk}")
    assert (refused.status, refused.code) == (409, "not_possible")
    assert "echo: this executor is for no other group" in refused.body["error"]["message"]
    decide("echo", {"allowed_groups": []})
    assert admin("DELETE", f"/groups/{night.pk}").status == 204


def test_blanks_around_a_groups_name_are_not_its_name(admin: Caller) -> None:
    assert admin("POST", "/groups", {"name": " admin "}).paths == ["$.name"]
    made = admin("POST", "/groups", {"name": " night "}).body
    assert made["name"] == "night"
    assert admin("PATCH", f"/groups/{made['id']}", {"name": "day "}).body["name"] == "day"


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"name": ""}, "$.name"),
        ({"name": "  "}, "$.name"),
        ({"name": "x" * 151}, "$.name"),
        ({"name": "editor"}, "$.name"),
        ({"permissions": ["no.such"]}, "$.permissions[0]"),
        ({"permissions": [""]}, "$.permissions[0]"),
        ({"members": ["ann"]}, "$.members"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_what_is_wrong_with_a_group_is_named(admin: Caller, method: str, fields: dict[str, Any], path: str) -> None:
    there = Group.objects.create(name="there")
    address = "/groups" if method == "POST" else f"/groups/{there.pk}"
    answer = admin(method, address, {"name": "night shift", **fields})
    assert (answer.status, answer.paths) == (422, [path])
    assert sorted(Group.objects.values_list("name", flat=True)) == sorted(["there", *ROLE_PERMISSIONS])


def test_groups_are_listed_with_what_they_give(admin: Caller, django_assert_max_num_queries: Any) -> None:
    for number in range(6):
        Group.objects.create(name=f"group {number}")
    admin("GET", "/groups")  # kinds of rows are kept in memory from then on
    with django_assert_max_num_queries(8):
        listed = admin("GET", "/groups").body["items"]
    assert [group["name"] for group in listed] == sorted(["admin", "editor", "operator", "viewer"] + [
        f"group {number}" for number in range(6)
    ])  # fmt: skip
    roles = {group["name"]: group for group in listed}
    assert "orchestration.add_tree" in roles["editor"]["permissions"]
    assert (roles["admin"]["members"], roles["viewer"]["members"]) == (1, 0)
    first = admin("GET", "/groups?limit=3").body
    rest = admin("GET", f"/groups?cursor={first['next']}").body
    assert first["items"] + rest["items"] == listed
