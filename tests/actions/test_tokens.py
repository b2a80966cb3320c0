"""Making and revoking API tokens."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from orchestration.actions import tokens
from orchestration.actions.tokens import create_token, revoke_token
from orchestration.engine.errors import InvalidDefinitionError
from orchestration.models import ApiToken, AuditEntry
from tests.pages.scene import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann() -> User:
    return make_user("ann")


def refused(*args: Any, **options: Any) -> list[str]:
    """Return the paths of what is wrong; nothing may be stored."""
    before = ApiToken.objects.count()
    with pytest.raises(InvalidDefinitionError) as error:
        create_token(*args, **options)
    assert ApiToken.objects.count() == before
    return [problem.path for problem in error.value.problems]


def test_only_the_digest_is_stored(ann: User) -> None:
    made = create_token(ann, " nightly ", "run")
    row = ApiToken.objects.values().get()
    assert row["name"] == "nightly"
    assert row["digest"] == ApiToken.digest_of(made.secret)
    assert made.secret.startswith(row["hint"])
    assert made.secret not in str(row)
    assert len(made.secret) >= 40
    assert create_token(ann, "nightly", "run").secret != made.secret


def test_what_can_not_be_is_refused(ann: User) -> None:
    now = timezone.now()
    assert refused(ann, "  ", "read") == ["$.name"]
    assert refused(ann, "x" * 101, "read") == ["$.name"]
    assert refused(ann, "a\x00b", "read") == ["$.name"]
    assert refused(ann, "x", "everything") == ["$.scope"]
    assert refused(ann, "x", "read", expires_at=now) == ["$.expires_at"]
    assert refused(ann, "x", "read", expires_at=now + timedelta(days=4000)) == ["$.expires_at"]
    assert refused(ann, "", "all", expires_at=now) == ["$.name", "$.scope", "$.expires_at"]


def test_nobody_collects_tokens_without_end(ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MAX_TOKENS", 2)
    first = create_token(ann, "a", "read").token
    create_token(ann, "b", "read")
    assert refused(ann, "c", "read") == ["$"]
    create_token(make_user("ben"), "c", "read")
    revoke_token(first, user=ann)
    create_token(ann, "c", "read")


@pytest.mark.parametrize(("maker", "wider"), [("read", "run"), ("read", "admin"), ("run", "edit"), ("edit", "admin")])
def test_a_token_makes_no_wider_one(ann: User, maker: str, wider: str) -> None:
    token = create_token(ann, "maker", maker).token
    assert refused(ann, "x", wider, maker=token) == ["$.scope"]
    assert create_token(ann, "x", maker, maker=token).token.scope == maker


def test_a_token_makes_none_that_outlives_it(ann: User) -> None:
    end = timezone.now() + timedelta(days=2)
    maker = create_token(ann, "maker", "admin", expires_at=end).token
    assert refused(ann, "x", "read", maker=maker) == ["$.expires_at"]
    assert refused(ann, "x", "read", expires_at=end + timedelta(seconds=1), maker=maker) == ["$.expires_at"]
    create_token(ann, "x", "read", expires_at=end, maker=maker)


def test_both_acts_are_in_the_trail_without_the_secret(ann: User) -> None:
    made = create_token(ann, "nightly", "run")
    revoke_token(made.token, user=ann, reason="lost the laptop")
    revoke_token(made.token, user=ann)
    entries = list(AuditEntry.objects.order_by("id"))
    assert [(entry.act, entry.username, entry.reason) for entry in entries] == [
        ("token.create", "ann", ""),
        ("token.revoke", "ann", "lost the laptop"),
    ]
    assert entries[0].detail == {"scope": "run", "expires_at": None}
    everything = str(list(AuditEntry.objects.values()))
    assert made.secret not in everything
    assert made.token.digest not in everything
