"""Tokens and sessions: what opens the door, and what no longer does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.test import RequestFactory
from django.utils import timezone

from orchestration.access import Refused, actor_of_request, actor_of_token
from orchestration.actions.tokens import NewToken, create_token, revoke_token
from orchestration.models import ApiToken
from tests.pages.scene import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann() -> User:
    return make_user("ann")


@pytest.fixture
def made(ann: User) -> NewToken:
    return create_token(ann, "nightly", "read", expires_at=timezone.now() + timedelta(days=1))


def test_a_token_opens_as_its_owner_within_its_scope(ann: User, made: NewToken) -> None:
    actor = actor_of_token(made.secret)
    assert actor is not None
    assert (actor.user, actor.token) == (ann, made.token)
    assert actor.within_scope("view_tree")
    assert not actor.within_scope("add_run")


def test_the_last_use_is_noted_at_most_once_a_minute(made: NewToken) -> None:
    actor_of_token(made.secret)
    first = ApiToken.objects.get().last_used_at
    assert first is not None
    actor_of_token(made.secret)
    assert ApiToken.objects.get().last_used_at == first
    earlier = first - timedelta(minutes=2)
    ApiToken.objects.update(last_used_at=earlier)
    actor_of_token(made.secret)
    assert ApiToken.objects.get().last_used_at != earlier


def test_a_revoked_token_opens_nothing(ann: User, made: NewToken) -> None:
    assert revoke_token(made.token, user=ann)
    assert actor_of_token(made.secret) is None
    assert not revoke_token(made.token, user=ann)


def test_an_expired_token_opens_nothing(made: NewToken) -> None:
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert actor_of_token(made.secret) is None


def test_a_token_of_a_deactivated_person_opens_nothing_until_they_are_back(ann: User, made: NewToken) -> None:
    User.objects.update(is_active=False)
    assert actor_of_token(made.secret) is None
    User.objects.update(is_active=True)
    assert actor_of_token(made.secret) is not None


@pytest.mark.parametrize("secret", ["", "apf_", "nonsense", "a\x00b", "\ud800", "x" * 100_000])
def test_nonsense_opens_nothing(made: NewToken, secret: str) -> None:
    assert actor_of_token(secret) is None


def test_neither_the_digest_nor_the_hint_is_a_token(made: NewToken) -> None:
    assert actor_of_token(made.token.digest) is None
    assert actor_of_token(made.token.hint) is None


@pytest.mark.parametrize("header", ["Bearer", "Bearer wrong", "Basic YTpi", "bearer\twrong", "Token wrong"])
def test_a_wrong_header_is_refused_even_with_a_session(ann: User, header: str) -> None:
    request = RequestFactory().get("/", headers={"authorization": header})
    request.user = ann
    with pytest.raises(Refused):
        actor_of_request(request)


def test_a_session_is_an_actor_without_a_token(ann: User) -> None:
    request = RequestFactory().get("/")
    request.user = ann
    assert actor_of_request(request).token is None
    request.user = AnonymousUser()
    with pytest.raises(Refused):
        actor_of_request(request)
