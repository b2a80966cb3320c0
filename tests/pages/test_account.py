"""The account page: who one is, the password, tokens; and that nothing of it works without the form."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from orchestration.access import actor_of_token
from orchestration.actions.tokens import create_token
from orchestration.models import ApiToken, AuditEntry, SignedIn

from .conftest import signed_in, text_of
from .scene import PASSWORD, Scene, make_user

pytestmark = pytest.mark.django_db

NEW_PASSWORD = "a much better one"


@pytest.fixture
def ann() -> User:
    user = make_user("ann", email="ann@example.org")
    user.groups.add(Group.objects.get(name="editor"))
    return user


@pytest.fixture
def browser(ann: User) -> Client:
    return signed_in(ann)


def new_token(browser: Client, **fields: str) -> Any:
    return browser.post("/account/tokens/", {"name": "nightly", "scope": "run", "lasts": "30", **fields})


def change_password(browser: Client, old: str = PASSWORD, new: str = NEW_PASSWORD, again: str = NEW_PASSWORD) -> Any:
    data = {"old_password": old, "new_password1": new, "new_password2": again}
    return browser.post("/account/password/", data)


# --- who one is -------------------------------------------------------------------------------------------------------


def test_strangers_are_asked_to_sign_in(client: Client) -> None:
    for address in ("/account/", "/account/password/", "/selftest/"):
        assert client.get(address).headers["Location"] == f"/login/?next={address}"
    for address in ("/account/tokens/", "/account/tokens/1/revoke/"):
        assert client.post(address).status_code == 302


def test_the_page_says_who_one_is_and_what_one_may(browser: Client, ann: User) -> None:
    ann.groups.add(Group.objects.create(name="night <shift>"))
    text = text_of(browser.get("/account/"))
    for word in ("ann", "ann@example.org", "Editor: also makes", "Member of the group night &lt;shift&gt;"):
        assert word in text
    assert "No role" not in text
    assert "No role: looks at what is shared with everyone" in text_of(signed_in(make_user("new")).get("/account/"))
    root = make_user("root", is_superuser=True)
    assert "Superuser: may do everything" in text_of(signed_in(root).get("/account/"))


def test_the_page_takes_few_queries(browser: Client, ann: User, django_assert_max_num_queries: Any) -> None:
    for number in range(30):
        create_token(ann, f"token {number}", "read")
    with django_assert_max_num_queries(12):
        browser.get("/account/")


# --- the password -----------------------------------------------------------------------------------------------------


def test_a_new_password_keeps_this_session_and_ends_the_others(browser: Client, ann: User) -> None:
    other = signed_in(ann)
    assert change_password(browser).headers["Location"] == "/account/"
    page = browser.get("/account/")
    assert page.status_code == 200
    assert "Your password is changed" in text_of(page)
    assert other.get("/account/").status_code == 302
    ann.refresh_from_db()
    assert ann.check_password(NEW_PASSWORD)
    entry = AuditEntry.objects.get(act="user.password")
    assert (entry.username, entry.via, entry.address, entry.subject) == ("ann", "page", "127.0.0.1", "ann")
    assert NEW_PASSWORD not in str(list(AuditEntry.objects.values()))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"old": "wrong"}, "Your old password was entered incorrectly"),
        ({"again": "something else"}, "two password fields"),
        ({"new": "short", "again": "short"}, "too short"),
        ({"new": "password", "again": "password"}, "too common"),
        ({"new": "", "again": ""}, "This field is required"),
    ],
)
def test_a_password_that_can_not_be_is_refused(
    browser: Client, ann: User, fields: dict[str, str], message: str
) -> None:
    response = change_password(browser, **fields)
    assert response.status_code == 422
    assert message in text_of(response)
    ann.refresh_from_db()
    assert ann.check_password(PASSWORD)
    assert not AuditEntry.objects.filter(act="user.password").exists()


def test_what_was_typed_is_not_sent_back(browser: Client) -> None:
    assert "old-and-wrong" not in text_of(change_password(browser, old="old-and-wrong"))


# --- tokens -----------------------------------------------------------------------------------------------------------


def secret_of(response: Any) -> str:
    secret: str = response.context["made"].secret
    return secret


def test_the_secret_is_shown_once_and_stored_nowhere(
    browser: Client, ann: User, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        response = new_token(browser)
    secret = secret_of(response)
    assert (response.status_code, text_of(response).count(secret)) == (200, 1)
    assert "no-store" in response.headers["Cache-Control"]
    assert secret not in caplog.text
    assert secret not in text_of(browser.get("/account/"))
    assert secret not in str(dict(browser.session))
    assert secret not in str(ApiToken.objects.values().get())
    assert secret not in str(list(AuditEntry.objects.values()))
    actor = actor_of_token(secret)
    assert actor is not None
    assert actor.user == ann


def test_how_long_it_lasts(browser: Client) -> None:
    now = timezone.now()
    for lasts, days in (("7", 7), ("30", 30), ("90", 90), ("365", 365)):
        end = secret_token(new_token(browser, lasts=lasts)).expires_at
        assert end is not None
        assert timedelta(0) <= end - now - timedelta(days=days) < timedelta(minutes=5)
    assert secret_token(new_token(browser, lasts="never")).expires_at is None
    day = now.date() + timedelta(days=3)
    end = secret_token(new_token(browser, lasts="date", until=day.isoformat())).expires_at
    assert end == datetime.combine(day, time.max, UTC)


def secret_token(response: Any) -> ApiToken:
    assert response.status_code == 200, response.context["form"].errors
    return ApiToken.objects.get(pk=response.context["made"].token.pk)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": ""}, "This field is required"),
        ({"name": "x" * 101}, "at most 100 characters"),
        ({"name": "a\x00b"}, "Null characters are not allowed"),
        ({"scope": "root"}, "Select a valid choice"),
        ({"scope": "admin"}, "Select a valid choice"),  # an editor
        ({"lasts": "1"}, "Select a valid choice"),
        ({"lasts": "date"}, "Choose the last day"),
        ({"lasts": "date", "until": "tomorrow"}, "Enter a valid date"),
        ({"lasts": "date", "until": "2001-01-01"}, "It must be in the future"),
        ({"lasts": "date", "until": "9999-12-31"}, "It must be in the future"),
    ],
)
def test_a_token_that_can_not_be_is_refused(browser: Client, fields: dict[str, str], message: str) -> None:
    response = new_token(browser, **fields)
    assert response.status_code == 422
    assert message in text_of(response)
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize(
    ("role", "offered"),
    [
        (None, ["read"]),
        ("viewer", ["read"]),
        ("operator", ["read", "run"]),
        ("editor", ["read", "run", "edit"]),
        ("admin", ["read", "run", "edit", "admin"]),
    ],
)
def test_scopes_that_mean_something_are_offered(role: str | None, offered: list[str]) -> None:
    user = make_user("ben")
    if role:
        user.groups.add(Group.objects.get(name=role))
    form = signed_in(user).get("/account/").context["form"]
    assert [value for value, _ in form.fields["scope"].choices] == offered


def test_revoking_ones_own(browser: Client, ann: User) -> None:
    made = create_token(ann, "nightly", "read")
    address = reverse("token-revoke", args=[made.token.pk])
    assert browser.post(address, {"reason": "lost"}).headers["Location"] == "/account/"
    assert actor_of_token(made.secret) is None
    page = text_of(browser.get("/account/"))
    assert "Tokens that are over" in page
    assert address not in page
    entry = AuditEntry.objects.get(act="token.revoke")
    assert (entry.username, entry.reason, entry.via) == ("ann", "lost", "page")


def test_other_peoples_tokens_do_not_exist_here(browser: Client) -> None:
    made = create_token(make_user("ben"), "theirs", "read")
    assert browser.post(reverse("token-revoke", args=[made.token.pk])).status_code == 404
    assert browser.post(reverse("token-revoke", args=[10**30])).status_code == 404
    assert actor_of_token(made.secret) is not None
    assert "theirs" not in text_of(browser.get("/account/"))


def test_a_token_is_no_way_into_the_pages(ann: User) -> None:
    made = create_token(ann, "nightly", "edit")
    response = Client(headers={"authorization": f"Bearer {made.secret}"}).get("/account/")
    assert response.status_code == 302


# --- CSRF -------------------------------------------------------------------------------------------------------------


def test_every_act_of_every_page_needs_its_form(scene: Scene, ann: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ann)
    token = create_token(ann, "nightly", "read").token
    acts = {
        reverse("password"): 403,
        reverse("token-create"): 403,
        reverse("sessions-end"): 403,
        reverse("session-end", args=[1]): 403,
        reverse("token-revoke", args=[token.pk]): 403,
        reverse("tree-run", args=[scene.tree.pk]): 403,
        reverse("run-cancel", args=[scene.live.pk]): 403,
        reverse("logout"): 403,
        reverse("login"): 403,
    }
    assert {address: browser.post(address).status_code for address in acts} == acts
    token.refresh_from_db()
    assert token.revoked_at is None


def test_ones_other_sessions_are_listed_and_ended(browser: Client, ann: User) -> None:
    others = [signed_in(ann), signed_in(ann)]
    theirs = signed_in(make_user("ben"))
    text = text_of(browser.get("/account/"))
    assert (text.count("this one"), "Sign out all others" in text) == (1, True)
    keys = [str(client.cookies["sessionid"].value) for client in (browser, *others, theirs)]
    assert not any(key in text for key in keys)
    rows = {row.session_id: row.pk for row in SignedIn.objects.all()}
    assert browser.post(reverse("session-end", args=[rows[keys[1]]])).status_code == 302
    assert [client.get("/account/").status_code for client in others] == [302, 200]
    for key in (keys[0], keys[3]):
        # This one ends by signing out, and other people's are theirs.
        assert browser.post(reverse("session-end", args=[rows[key]])).status_code == 404
    assert browser.post(reverse("session-end", args=[10**30])).status_code == 404
    browser.post(reverse("sessions-end"))
    assert others[1].get("/account/").status_code == 302
    assert theirs.get("/account/").status_code == 200
    assert "Sign out all others" not in text_of(browser.get("/account/"))


def test_acts_need_post(browser: Client) -> None:
    assert browser.get("/account/sessions/end/").status_code == 405
    assert browser.get("/account/tokens/").status_code == 405
    assert browser.get("/account/tokens/1/revoke/").status_code == 405
    assert browser.put("/account/password/").status_code == 405
