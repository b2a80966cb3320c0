"""Who is signed in where: noted, ended by people, by age, by idleness, by a new password."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import AsyncClient, Client
from django.utils import timezone

from orchestration.access import Actor, sessions
from orchestration.access.browser_words import browser_in_words
from orchestration.access.identify import is_still_valid
from orchestration.access.session_store import SessionStore
from orchestration.actions.sessions import end_session, end_sessions
from orchestration.models import AuditEntry, SignedIn
from tests.pages.scene import PASSWORD, make_user

pytestmark = pytest.mark.django_db

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


@pytest.fixture
def ann() -> User:
    return make_user("ann")


def sign_in(address: str = "10.0.0.1", agent: str = FIREFOX, name: str = "ann") -> Client:
    client = Client(REMOTE_ADDR=address, headers={"user-agent": agent})
    assert client.post("/login/", {"username": name, "password": PASSWORD}).status_code == 302
    return client


def is_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def key_of(client: Client) -> str:
    return str(client.cookies["sessionid"].value)


def an_hour_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the process forget that it has noted somebody a moment ago."""
    monkeypatch.setattr(sessions, "SEEN_EVERY", -1.0)


def test_a_sign_in_is_noted_with_its_place(ann: User) -> None:
    client = sign_in()
    row = SignedIn.objects.get()
    assert (row.user, row.address, row.user_agent, row.session_id) == (ann, "10.0.0.1", FIREFOX, key_of(client))
    assert key_of(client) not in str(row)
    client.post("/logout/")
    assert not SignedIn.objects.exists()


def test_strangers_and_tokens_leave_no_note(client: Client) -> None:
    client.get("/login/")
    client.get("/account/", headers={"authorization": "Bearer apf_nonsense"})
    client.cookies["sessionid"] = "made-up"
    client.get("/account/")
    assert not SignedIn.objects.exists()


def test_who_comes_again_is_seen_once_a_minute(ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    client = sign_in()
    long_ago = timezone.now() - timedelta(hours=1)
    SignedIn.objects.update(last_seen_at=long_ago)
    client.get("/account/")
    assert SignedIn.objects.get().last_seen_at == long_ago
    an_hour_later(monkeypatch)
    client.get("/account/", REMOTE_ADDR="10.0.0.2")
    row = SignedIn.objects.get()
    assert row.last_seen_at > long_ago
    assert row.address == "10.0.0.2"


def test_most_requests_ask_the_database_nothing_for_it(ann: User, django_assert_max_num_queries: Any) -> None:
    client = sign_in()
    request = type("Request", (), {"session": SessionStore(key_of(client)), "user": ann})()
    with django_assert_max_num_queries(0):
        sessions.note_seen(request)


def test_a_session_from_before_there_were_notes_gets_one(ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    client = sign_in()
    SignedIn.objects.all().delete()
    an_hour_later(monkeypatch)
    client.get("/account/")
    assert SignedIn.objects.get().session_id == key_of(client)


@pytest.mark.django_db(transaction=True)
@pytest.mark.asyncio
async def test_the_same_under_an_asynchronous_server(monkeypatch: pytest.MonkeyPatch) -> None:
    ann = await User.objects.acreate(username="ann")
    client = AsyncClient()
    await client.aforce_login(ann)
    await SignedIn.objects.all().adelete()
    monkeypatch.setattr(sessions, "SEEN_EVERY", -1.0)
    assert (await client.get("/account/")).status_code == 200
    assert (await SignedIn.objects.aget()).user_id == ann.pk


def test_ending_one_leaves_the_others(ann: User) -> None:
    here, there = sign_in(), sign_in("10.0.0.2")
    key = key_of(there)
    end_session(SignedIn.objects.get(address="10.0.0.2"), user=ann, reason="lost it")
    assert (is_in(here), is_in(there)) == (True, False)
    entry = AuditEntry.objects.get(act="session.end")
    assert (entry.username, entry.subject, entry.reason, entry.detail["address"]) == (
        "ann",
        "ann",
        "lost it",
        "10.0.0.2",
    )
    assert key not in str(entry.detail)


def test_an_open_stream_has_to_go_when_its_session_is_ended(ann: User) -> None:
    client = sign_in()
    session = SessionStore(key_of(client))
    assert is_still_valid(Actor(ann), session)
    end_sessions(ann, user=ann)
    assert not is_still_valid(Actor(ann), session)


def test_a_new_password_ends_the_others(ann: User) -> None:
    here, there = sign_in(), sign_in("10.0.0.2")
    data = {"old_password": PASSWORD, "new_password1": "a much better one", "new_password2": "a much better one"}
    assert here.post("/account/password/", data).status_code == 302
    assert (is_in(here), is_in(there)) == (True, False)
    sessions._noted.clear()
    is_in(here)
    assert [row.session_id for row in SignedIn.objects.all()] == [key_of(here)]
    assert AuditEntry.objects.get(act="user.password").detail == {"usable": True, "sessions_ended": 1}


def test_a_password_that_was_changed_elsewhere_ends_sessions_too(ann: User) -> None:
    client = sign_in()
    ann.set_password("changed by manage.py")
    ann.save()
    assert not is_in(client)


def test_who_is_deactivated_is_out_and_stays_out(ann: User) -> None:
    client = sign_in()
    User.objects.filter(pk=ann.pk).update(is_active=False)
    assert not is_in(client)
    assert not SignedIn.objects.open().exists()


# --- how long a session lasts -----------------------------------------------------------------------------------------


def test_a_session_ends_so_long_after_the_sign_in_whatever_is_written(ann: User, settings: Any) -> None:
    settings.APFLOW_SESSION_HOURS = 2
    client = sign_in()
    began = timezone.now()
    store = SessionStore(key_of(client))
    store["signed_in_at"] = (began - timedelta(hours=1)).timestamp()
    store.save()
    left = Session.objects.get(pk=key_of(client)).expire_date - began
    assert timedelta(minutes=59) < left < timedelta(minutes=61)
    assert 3500 < SessionStore(key_of(client)).get_expiry_age() <= 3600
    store["signed_in_at"] = (began - timedelta(hours=3)).timestamp()
    store.save()
    assert not is_in(client)


def test_an_idle_session_ends_and_a_busy_one_goes_on(ann: User, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.APFLOW_SESSION_IDLE_MINUTES = 10
    client = sign_in()
    stored = Session.objects.get(pk=key_of(client))
    assert timedelta(minutes=9) < stored.expire_date - timezone.now() <= timedelta(minutes=10)
    nearly = timezone.now() + timedelta(seconds=30)
    Session.objects.update(expire_date=nearly)
    an_hour_later(monkeypatch)
    assert is_in(client)
    assert Session.objects.get(pk=key_of(client)).expire_date > nearly
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert not is_in(client)


def test_a_session_that_goes_while_it_is_noted_stays_gone(ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    client = sign_in()
    request = type("Request", (), {"session": SessionStore(key_of(client)), "user": ann, "META": {}, "headers": {}})()
    an_hour_later(monkeypatch)
    request.session.load()
    Session.objects.all().delete()
    with pytest.MonkeyPatch.context() as patch:
        # Constraints are looked at when a transaction ends, and that of the test does not.
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        patch.setattr(sessions, "client_address", lambda request: None)
        sessions.note_seen(request)
    assert not SignedIn.objects.exists()


# --- words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox 145 on Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 "
            "Safari/537.36 Edg/142.0.0.0",
            "Edge 142 on Windows",
        ),
        (
            "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile "
            "Safari/537.36",
            "Chrome 142 on Android",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
            "Version/18.1 Mobile/15E148 Safari/604.1",
            "Safari 18 on an iPhone",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 "
            "Safari/605.1.15",
            "Safari 18 on macOS",
        ),
        ("curl/8.9.1", "curl 8"),
        ("", "an unknown browser"),
        ("  ", "an unknown browser"),
        ("Something (Windows)", "a browser on Windows"),
        ("<script>alert(1)</script>" * 9, "<script>alert(1)</script><script>alert(1)"[:40]),
    ],
)
def test_browsers_in_words(agent: str, words: str) -> None:
    assert browser_in_words(agent) == words
