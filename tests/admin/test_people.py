"""Users in the administration: what they may, where they are, and that somebody administers the site."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.forms import AdminPasswordChangeForm
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from orchestration.actions.executors import decide
from orchestration.actions.people import change_person, delete_person
from orchestration.actions.tokens import create_token
from orchestration.models import AuditEntry, ExecutorConfig, OidcIdentity, SignedIn
from tests.lock_race import act_after_waiting
from tests.pages.scene import HOSTILE, PASSWORD, make_tree, make_user

pytestmark = pytest.mark.django_db

USERS = "/admin/auth/user/"
SESSIONS = "/admin/orchestration/signedin/"
LINKS = "/admin/orchestration/oidcidentity/"
NEW_PASSWORD = {"usable_password": "true", "password1": "another good one", "password2": "another good one"}


@pytest.fixture
def browser(ada: User) -> Client:
    return signed_in(ada)


def signed_in(user: User) -> Client:
    client = Client(REMOTE_ADDR="10.0.0.7", headers={"user-agent": "Firefox/145.0 (Linux)"})
    client.post("/login/", {"username": user.username, "password": PASSWORD})
    return client


def form_of(user: User, **changed: Any) -> dict[str, Any]:
    """The form of a user's page as a browser sends it."""
    groups = list(user.groups.values_list("pk", flat=True))
    plain = {"username": user.username, "groups": groups, "date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
    flags = {name: "on" for name in ("is_active", "is_staff", "is_superuser") if getattr(user, name)}
    return {name: value for name, value in (plain | flags | changed).items() if value is not None}


def change(browser: Client, user: User, **changed: Any) -> Any:
    return browser.post(f"{USERS}{user.pk}/change/", form_of(user, **changed))


# --- the page ---------------------------------------------------------------------------------------------------------


def test_a_page_says_what_somebody_may_and_where_they_are(browser: Client, django_assert_max_num_queries: Any) -> None:
    ann = make_user("ann")
    ann.groups.add(Group.objects.get(name="operator"), Group.objects.create(name=HOSTILE))
    token = create_token(ann, "nightly <b>", "read").token
    make_tree("Hers", owner=ann)
    OidcIdentity.objects.create(user=ann, issuer="https://login.example.org", subject="4711")
    for _ in range(12):
        signed_in(ann)
    with django_assert_max_num_queries(30):
        text = browser.get(f"{USERS}{ann.pk}/change/").content.decode()
    for expected in (
        "Operator: also starts, cancels, pauses and retries runs",
        "Firefox 145 on Linux",
        "10.0.0.7",
        "and more",
        f"/admin/orchestration/apitoken/{token.pk}/change/",
        "4711</a> at https://login.example.org",
        f"/admin/orchestration/tree/?owner__id__exact={ann.pk}",
        f"/admin/orchestration/run/?requested_by__id__exact={ann.pk}",
        "?user=ann",
        f"?object=user%3A{ann.pk}",
        "Sign out everywhere",
    ):
        assert expected in text, expected
    assert "<script>alert" not in text


def test_somebody_is_signed_out_everywhere(browser: Client) -> None:
    ann = make_user("ann")
    theirs = [signed_in(ann), signed_in(ann)]
    assert browser.get(f"{USERS}{ann.pk}/sign-out/").status_code == 403
    browser.post(f"{USERS}{ann.pk}/sign-out/")
    assert [client.get("/account/").status_code for client in theirs] == [302, 302]
    entry = AuditEntry.objects.get(act="session.end_all")
    assert (entry.username, entry.subject, entry.detail) == ("ada", "ann", {"sessions": 2})
    assert browser.get("/account/").status_code == 200


def test_a_password_from_an_administrator_ends_sessions(browser: Client, ada: User) -> None:
    ann = make_user("ann")
    theirs = signed_in(ann)
    assert browser.post(f"{USERS}{ann.pk}/password/", NEW_PASSWORD).status_code == 302
    assert theirs.get("/account/").status_code == 302
    assert not SignedIn.objects.filter(user=ann).exists()
    signed_in(ada)
    assert browser.post(f"{USERS}{ada.pk}/password/", NEW_PASSWORD).status_code == 302
    assert browser.get("/account/").status_code == 200


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("new", [NEW_PASSWORD, {"usable_password": "false", "unset-password": "x"}])
def test_a_password_takes_nothing_back_that_was_saved_meanwhile(
    ada: User, browser: Client, new: dict[str, str]
) -> None:
    ann = make_user("ann", is_staff=True)

    def demote() -> None:
        change_person(ann, {"is_active": False, "is_staff": False}, groups=[Group.objects.get(name="viewer")], user=ada)

    turn = Permission.objects.get(codename="manage_all_trees")  # which is the one of `one_at_a_time`
    answer = act_after_waiting(turn, demote, lambda: browser.post(f"{USERS}{ann.pk}/password/", new))
    assert answer.status_code == 302
    ann.refresh_from_db()
    assert (ann.is_active, ann.is_staff, ann.groups.get().name) == (False, False, "viewer")
    assert ann.has_usable_password() is (new is NEW_PASSWORD) and not ann.check_password(PASSWORD)


@pytest.mark.parametrize("new", [NEW_PASSWORD, {"usable_password": "false", "unset-password": "x"}])
def test_a_password_is_all_that_its_form_saves(browser: Client, monkeypatch: pytest.MonkeyPatch, new: Any) -> None:
    """Not all that writes into these rows waits for its turn."""
    ann, clean = make_user("ann"), AdminPasswordChangeForm.clean

    def clean_slowly(form: Any) -> Any:
        User.objects.filter(pk=ann.pk).update(is_active=False)
        return clean(form)

    monkeypatch.setattr(AdminPasswordChangeForm, "clean", clean_slowly)
    assert browser.post(f"{USERS}{ann.pk}/password/", new).status_code == 302
    ann.refresh_from_db()
    assert not ann.is_active and not ann.check_password(PASSWORD)


@pytest.mark.django_db(transaction=True)
def test_a_password_brings_nobody_back(ada: User, browser: Client) -> None:
    ann = make_user("ann")
    turn = Permission.objects.get(codename="manage_all_trees")
    path = f"{USERS}{ann.pk}/password/"
    answer = act_after_waiting(turn, lambda: delete_person(ann, user=ada), lambda: browser.post(path, NEW_PASSWORD))
    assert answer.status_code == 404
    assert User.objects.get() == ada


def test_who_is_deactivated_is_signed_out_for_good(browser: Client) -> None:
    ann = make_user("ann")
    theirs = signed_in(ann)
    change(browser, ann, is_active=None)
    assert not SignedIn.objects.filter(user=ann).exists()
    change(browser, User.objects.get(username="ann"), is_active="on")
    assert theirs.get("/account/").status_code == 302


# --- somebody administers the site --------------------------------------------------------------------------------


@pytest.mark.parametrize("taken", [{"is_active": None}, {"groups": []}])
def test_the_last_administrator_can_not_be_demoted(browser: Client, ada: User, taken: dict[str, Any]) -> None:
    answer = change(browser, ada, **taken)
    assert answer.status_code == 200
    assert "Nobody would be left who may administer this site" in answer.content.decode()
    ada.refresh_from_db()
    assert ada.is_active and ada.groups.filter(name="admin").exists()
    User.objects.create(username="boss", is_superuser=True, is_active=False)
    assert change(browser, ada, **taken).status_code == 200
    User.objects.filter(username="boss").update(is_active=True)
    assert change(browser, ada, **taken).status_code == 302


def test_the_last_superuser_can_not_be_demoted(db: None) -> None:
    boss = make_user("boss", is_superuser=True, is_staff=True)
    browser = signed_in(boss)
    assert "Nobody would be left" in change(browser, boss, is_superuser=None).content.decode()
    right = Permission.objects.get(codename="manage_all_trees")
    assert change(browser, boss, is_superuser=None, user_permissions=[right.pk]).status_code == 302


def test_other_people_are_changed_as_ever(browser: Client) -> None:
    ann = make_user("ann")
    assert change(browser, ann, first_name="Ann", is_active=None).status_code == 302


def test_the_last_administrator_can_not_be_deleted(browser: Client, ada: User) -> None:
    answer = browser.post(f"{USERS}{ada.pk}/delete/", {"post": "yes"}, follow=True)
    assert "Nobody would be left" in answer.content.decode()
    ann = make_user("ann")
    chosen = {"action": "delete_selected", "_selected_action": [ada.pk, ann.pk], "post": "yes"}
    assert "Nobody would be left" in browser.post(USERS, chosen, follow=True).content.decode()
    assert User.objects.count() == 2
    everybody = chosen | {"_selected_action": [ann.pk], "select_across": "1"}
    assert "Nobody would be left" in browser.post(USERS, everybody, follow=True).content.decode()
    assert User.objects.count() == 2
    browser.post(USERS, chosen | {"_selected_action": [ann.pk]})
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    "way",
    [
        {"select_across": "1"},
        {"select_across": "1", "post": "yes"},
        # Of two lists of actions on a page, the one whose button was pressed counts.
        {"action": ["delete_selected", "sign_out"], "index": "0", "everybody": True},
    ],
)
def test_nor_by_choosing_all_of_a_list(browser: Client, ada: User, way: dict[str, Any]) -> None:
    ann = make_user("ann")
    ticked = [ann.pk, ada.pk] if way.pop("everybody", False) else [ann.pk]
    chosen = {"action": "delete_selected", "_selected_action": ticked, "post": "yes", **way}
    assert "Nobody would be left" in browser.post(USERS, chosen, follow=True).content.decode()
    group = Group.objects.create(name="night shift")
    chosen["_selected_action"] = [group.pk]
    if "select_across" in way:
        assert "Nobody would be left" in browser.post("/admin/auth/group/", chosen, follow=True).content.decode()
    assert User.objects.count() == 2 and Group.objects.filter(name="admin").exists()
    # A list that leaves out the last administrator is deleted as a whole.
    browser.post(
        f"{USERS}?q=ann",
        {"action": "delete_selected", "_selected_action": [ann.pk], "select_across": "1", "post": "yes"},
    )
    assert User.objects.get() == ada


def test_neither_can_what_they_are_administrators_by(browser: Client) -> None:
    group = Group.objects.get(name="admin")
    path = f"/admin/auth/group/{group.pk}/"
    answer = browser.post(f"{path}change/", {"name": "admin", "permissions": []})
    assert "Nobody would be left" in answer.content.decode()
    assert "Nobody would be left" in browser.post(f"{path}delete/", {"post": "yes"}, follow=True).content.decode()
    chosen = {"action": "delete_selected", "_selected_action": [group.pk], "post": "yes"}
    assert "Nobody would be left" in browser.post("/admin/auth/group/", chosen, follow=True).content.decode()
    assert group.permissions.exists()
    other = Group.objects.create(name="night shift")
    assert browser.post(f"/admin/auth/group/{other.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Group.objects.filter(pk=other.pk).exists()


def test_a_group_that_an_executor_is_for_alone_stays(browser: Client) -> None:
    ops, night = Group.objects.create(name="ops"), Group.objects.create(name="night shift")
    decide("echo", {"allowed_groups": ["ops", "night shift"]})
    many = {"action": "delete_selected", "_selected_action": [ops.pk, night.pk], "post": "yes"}
    refused = browser.post("/admin/auth/group/", many).content.decode()
    assert "echo: this executor is for no other group" in refused
    assert browser.post(f"/admin/auth/group/{night.pk}/delete/", {"post": "yes"}).status_code == 302
    assert "Say first who may" in browser.post(f"/admin/auth/group/{ops.pk}/delete/", {"post": "yes"}).content.decode()
    assert ExecutorConfig.objects.get().allowed_groups.get() == ops
    decide("echo", {"allowed_groups": []})
    assert browser.post(f"/admin/auth/group/{ops.pk}/delete/", {"post": "yes"}).status_code == 302


# --- sessions and links -----------------------------------------------------------------------------------------------


def test_sessions_are_listed_and_ended(browser: Client, ada: User, django_assert_max_num_queries: Any) -> None:
    people = [make_user(f"user-{number}") for number in range(10)]
    clients = [signed_in(person) for person in people]
    with django_assert_max_num_queries(12):
        text = browser.get(SESSIONS).content.decode()
    assert "Firefox 145 on Linux" in text
    for client in (browser, *clients):
        assert client.cookies["sessionid"].value not in text
    assert browser.get(SESSIONS, {"user__id__exact": people[0].pk}).context["cl"].result_count == 1
    assert browser.get(SESSIONS, {"q": "user-3"}).context["cl"].result_count == 1
    row = SignedIn.objects.get(user=people[0])
    page = browser.get(f"{SESSIONS}{row.pk}/change/").content.decode()
    assert row.session_id not in page
    browser.post(SESSIONS, {"action": "end", "_selected_action": [row.pk], "post": "yes"})
    assert clients[0].get("/account/").status_code == 302
    assert clients[1].get("/account/").status_code == 200
    assert AuditEntry.objects.get(act="session.end").username == "ada"
    assert browser.post(f"{SESSIONS}add/").status_code == 403
    assert browser.post(f"{SESSIONS}{row.pk}/delete/", {"post": "yes"}).status_code in (302, 403)


def test_an_administrator_links_somebody_and_takes_it_back(browser: Client, settings: Any) -> None:
    settings.APFLOW_OIDC_ISSUER = "https://login.example.org"
    ann = make_user("ann")
    assert 'value="https://login.example.org"' in browser.get(f"{LINKS}add/").content.decode()
    data = {"user": ann.pk, "issuer": "https://login.example.org", "subject": "4711"}
    assert browser.post(f"{LINKS}add/", data).status_code == 302
    assert browser.post(f"{LINKS}add/", data).status_code == 200  # there is one
    link = OidcIdentity.objects.get()
    assert browser.post(f"{LINKS}{link.pk}/change/", data | {"subject": "0815"}).status_code == 403
    browser.post(f"{LINKS}{link.pk}/delete/", {"post": "yes"})
    acts = AuditEntry.objects.filter(act__startswith="oidcidentity").order_by("id").values_list("act", "username")
    assert list(acts) == [("oidcidentity.add", "ada"), ("oidcidentity.delete", "ada")]


@pytest.mark.parametrize("role", ["viewer", "operator", "editor", None])
def test_people_are_for_administrators(role: str | None, ada: User) -> None:
    user = make_user("ben", is_staff=True)
    if role:
        user.groups.add(Group.objects.get(name=role))
    client = signed_in(user)
    session = SignedIn.objects.get(user=user).pk
    for path in (USERS, f"{USERS}{ada.pk}/change/", SESSIONS, f"{SESSIONS}{session}/change/", LINKS, f"{LINKS}add/"):
        assert client.get(path).status_code == 403, path
    assert client.post(f"{USERS}{ada.pk}/sign-out/").status_code == 403
    client.post(SESSIONS, {"action": "end", "_selected_action": [session], "post": "yes"})
    assert client.get("/account/").status_code == 200


def test_a_permission_of_ones_own_makes_nobody_an_administrator(ada: User) -> None:
    make_user("root", is_superuser=True)
    mallory = make_user("mallory", is_staff=True)
    verbs = [f"{verb}_{model}" for verb in ("add", "change", "delete", "view") for model in ("user", "group")]
    mallory.user_permissions.set(Permission.objects.filter(codename__in=verbs))
    client = signed_in(mallory)
    create_token(ada, "nightly", "admin")
    shown = client.get(f"{USERS}{ada.pk}/change/")
    assert shown.status_code == 200 and "nightly" not in shown.content.decode()
    assert change(client, mallory, is_superuser="on").status_code == 403
    password = {"password1": "n3w-Secret-1", "password2": "n3w-Secret-1"}
    assert client.post(f"{USERS}{ada.pk}/password/", password).status_code == 403
    assert client.post(f"{USERS}{ada.pk}/sign-out/").status_code == 403
    assert client.post(f"{USERS}{ada.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.post("/admin/auth/group/add/", {"name": "x"}).status_code == 403
    assert client.post(f"{USERS}add/", {"username": "x"}).status_code == 403
    client.post(USERS, {"action": "sign_out", "_selected_action": [ada.pk]})
    mallory.refresh_from_db()
    assert not mallory.is_superuser and ada.check_password(PASSWORD)
    assert not AuditEntry.objects.filter(act="session.end_all").exists()
