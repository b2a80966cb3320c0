"""Sign-in is slowed down for those who guess, and every sign-in is in the audit trail."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.test import AsyncClient, Client
from django.utils import timezone

from orchestration.models import AuditEntry
from tests.pages.scene import PASSWORD, make_user

pytestmark = pytest.mark.django_db

LIMIT = 3


@pytest.fixture(autouse=True)
def _limit(settings: Any) -> None:
    settings.AXES_FAILURE_LIMIT = LIMIT


@pytest.fixture
def ann() -> User:
    return make_user("ann")


def sign_in(name: str, password: str, address: str = "10.0.0.1", **headers: str) -> Any:
    data = {"username": name, "password": password}
    return Client(REMOTE_ADDR=address, headers=headers).post("/login/", data)


def lock_out(name: str, address: str = "10.0.0.1") -> Any:
    return [sign_in(name, "wrong", address) for _ in range(LIMIT)][-1]


def test_guessing_locks_the_name_from_that_address_and_says_how_long(ann: User) -> None:
    answer = lock_out("ann")
    assert answer.status_code == 429
    assert 590 <= int(answer.headers["Retry-After"]) <= 600
    text = answer.content.decode()
    assert "for another 10 minutes" in text
    assert "“ann”" in text
    assert "no-store" in answer.headers["Cache-Control"]
    # The right password does not help now.
    assert sign_in("ann", PASSWORD).status_code == 429


def test_other_addresses_and_other_names_are_not_locked(ann: User) -> None:
    make_user("ben")
    lock_out("ann")
    assert sign_in("ann", PASSWORD, "10.0.0.2").status_code == 302
    assert sign_in("ben", PASSWORD).status_code == 302


def test_a_name_that_does_not_exist_is_locked_just_the_same(ann: User) -> None:
    assert lock_out("nobody").status_code == 429


def test_a_success_starts_the_count_anew(ann: User) -> None:
    for _ in range(3):
        for _ in range(LIMIT - 1):
            assert sign_in("ann", "wrong").status_code == 200
        assert sign_in("ann", PASSWORD).status_code == 302


def test_the_lock_ends_by_itself(ann: User, settings: Any) -> None:
    lock_out("ann")
    # What is stored is the time of the last wrong try; the pause is over a minute from now, and then it was.
    AccessAttempt.objects.update(attempt_time=timezone.now() - settings.AXES_COOLOFF_TIME + timedelta(minutes=1))
    answer = sign_in("ann", PASSWORD)
    assert (answer.status_code, "for another 1 minute." in answer.content.decode()) == (429, True)
    AccessAttempt.objects.update(attempt_time=timezone.now() - settings.AXES_COOLOFF_TIME - timedelta(seconds=1))
    assert sign_in("ann", PASSWORD).status_code == 302


def test_trying_while_locked_makes_the_wait_no_longer(ann: User) -> None:
    lock_out("ann")
    before = AccessAttempt.objects.get().attempt_time
    sign_in("ann", "wrong")
    assert AccessAttempt.objects.get().attempt_time == before


def test_changing_the_browser_or_a_header_is_no_way_round(ann: User) -> None:
    for number in range(LIMIT):
        headers = {"user-agent": f"browser {number}", "x-forwarded-for": f"10.9.9.{number}"}
        answer = sign_in("ann", "wrong", **headers)
    assert answer.status_code == 429


def test_behind_a_proxy_the_visitor_is_locked_and_not_the_proxy(ann: User, settings: Any) -> None:
    settings.APFLOW_PROXIES = 1
    for _ in range(LIMIT):
        answer = sign_in("ann", "wrong", "127.0.0.1", **{"x-forwarded-for": "203.0.113.7"})
    assert answer.status_code == 429
    assert sign_in("ann", PASSWORD, "127.0.0.1", **{"x-forwarded-for": "203.0.113.8"}).status_code == 302


async def _asynchronous_lock_out() -> Any:
    client = AsyncClient()
    for _ in range(LIMIT):
        answer = await client.post("/login/", {"username": "ann", "password": "wrong"})
    return answer


@pytest.mark.django_db(transaction=True)
@pytest.mark.asyncio
async def test_the_same_under_an_asynchronous_server() -> None:
    answer = await _asynchronous_lock_out()
    assert answer.status_code == 429
    assert "“ann”" in answer.content.decode()


def test_the_password_is_stored_nowhere(ann: User) -> None:
    sign_in("ann", "wrong-and-secret")
    row = AccessAttempt.objects.values().get()
    assert "wrong-and-secret" not in str(row)
    assert "wrong-and-secret" not in str(list(AuditEntry.objects.values()))


def test_the_admin_has_no_door_of_its_own(ann: User) -> None:
    stranger = Client()
    answer = stranger.get("/admin/login/?next=/admin/orchestration/run/")
    assert answer.headers["Location"] == "/login/?next=/admin/orchestration/run/"
    posted = stranger.post("/admin/login/", {"username": "ann", "password": "wrong"})
    assert posted.headers["Location"].startswith("/login/")
    assert AccessAttempt.objects.count() == 0
    stranger.force_login(ann)
    assert stranger.get("/admin/login/").status_code == 403


def test_sign_ins_are_in_the_trail(ann: User) -> None:
    sign_in("ann", "wrong")
    browser = Client(REMOTE_ADDR="10.0.0.1")
    browser.post("/login/", {"username": "ann", "password": PASSWORD})
    browser.post("/logout/")
    entries = list(AuditEntry.objects.order_by("id").values_list("act", "user", "username", "via", "address"))
    assert entries == [
        ("session.refused", None, "ann", "page", "10.0.0.1"),
        ("session.sign_in", ann.pk, "ann", "page", "10.0.0.1"),
        ("session.sign_out", ann.pk, "ann", "page", "10.0.0.1"),
    ]


def test_a_lock_has_one_entry_and_tries_during_it_have_none(ann: User) -> None:
    lock_out("ann")
    for _ in range(5):
        sign_in("ann", "wrong")
    acts = list(AuditEntry.objects.order_by("id").values_list("act", flat=True))
    assert sorted(acts) == ["session.locked"] + ["session.refused"] * LIMIT
