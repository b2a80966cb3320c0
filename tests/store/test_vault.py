"""Sealing secrets, and changing the key."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from orchestration.engine.secret_source import SecretsAwayError, SecretUnreadableError, SecretWish
from orchestration.models import Secret, SecretUse
from orchestration.store.vault import read_secrets, seal, unseal

OLD, NEW = "the old key, which is long enough to be one", "the new key, which is long enough to be one"


@given(st.text(max_size=50))
def test_what_is_sealed_opens_and_never_looks_the_same(value: str) -> None:
    one, two = seal(value), seal(value)
    assert one != two
    assert unseal(Secret(name="A", ciphertext=one)) == value
    assert len(value) < 6 or value not in one


def test_a_changed_ciphertext_does_not_open() -> None:
    sealed = seal("value")
    with pytest.raises(SecretUnreadableError, match="'A' was sealed with another key"):
        unseal(Secret(name="A", ciphertext=f"{sealed[:-6]}AAAAA="))


def test_old_keys_and_the_sites_own_open_what_they_sealed(settings: Any) -> None:
    by_site = seal("one")
    settings.APFLOW_SECRETS_KEY = OLD
    by_old = seal("two")
    settings.APFLOW_SECRETS_KEY, settings.APFLOW_SECRETS_OLD_KEYS = NEW, [OLD]
    assert [unseal(Secret(name="A", ciphertext=text)) for text in (by_site, by_old)] == ["one", "two"]
    settings.APFLOW_SECRETS_OLD_KEYS = []
    with pytest.raises(SecretUnreadableError):
        unseal(Secret(name="A", ciphertext=by_old))


def make(name: str, value: str) -> Secret:
    return Secret.objects.create(name=name, ciphertext=seal(value), updated_at=timezone.now(), for_all=True)


@pytest.mark.django_db
def test_rotation_makes_old_keys_needless(settings: Any) -> None:
    settings.APFLOW_SECRETS_KEY = OLD
    make("A", "one")
    make("B", "two")
    settings.APFLOW_SECRETS_KEY, settings.APFLOW_SECRETS_OLD_KEYS = NEW, [OLD]
    said = StringIO()
    call_command("rotate_secrets", stdout=said)
    assert said.getvalue() == "2 secrets encrypted with the present key\n"
    settings.APFLOW_SECRETS_OLD_KEYS = []
    assert {secret.name: unseal(secret) for secret in Secret.objects.all()} == {"A": "one", "B": "two"}


@pytest.mark.django_db
def test_rotation_is_all_or_none(settings: Any) -> None:
    kept = make("A", "one").ciphertext
    settings.APFLOW_SECRETS_KEY = OLD
    make("B", "two")
    settings.APFLOW_SECRETS_KEY = NEW
    with pytest.raises(CommandError, match=r"'B' was sealed with another key.*Nothing was changed"):
        call_command("rotate_secrets")
    assert Secret.objects.get(name="A").ciphertext == kept


@pytest.mark.django_db
def test_a_database_that_does_not_answer_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OperationalError("gone")

    make("A", "one")
    monkeypatch.setattr(SecretUse.objects, "record", fail)
    with pytest.raises(SecretsAwayError, match="does not answer"):
        read_secrets(SecretWish(frozenset({"A"}), "echo", None, "0" * 32, "t"))
