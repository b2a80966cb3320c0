"""Whose token goes where: the environment, what is stored, and what must never be sent or shown."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from apflow.cli.accounts import Account, AccountError, account_file, current_account, forget_account, store_account
from apflow.client.address import AddressError
from orchestration.checks import check_variable_names

STORED = Account("https://one.example", "stored")


@pytest.fixture(autouse=True)
def _empty_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("APFLOW_URL", raising=False)
    monkeypatch.delenv("APFLOW_TOKEN", raising=False)


def test_what_is_stored_is_for_this_user_alone() -> None:
    path = store_account(STORED)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert current_account() == STORED
    assert [file.name for file in path.parent.iterdir()] == ["account.json"]


def test_a_file_that_others_can_read_is_not_used() -> None:
    store_account(STORED).chmod(0o640)
    with pytest.raises(AccountError, match="Others can read") as caught:
        current_account()
    assert caught.value.hint.startswith("Run `chmod 600 ")


@pytest.mark.parametrize("text", ["", "[]", '{"url": "https://one.example"}'])
def test_a_file_that_was_damaged_is_told(text: str) -> None:
    store_account(STORED).write_text(text)
    with pytest.raises(AccountError, match="not what `apflow login` writes"):
        current_account()
    assert forget_account() is None
    assert not account_file().exists()


def test_nobody_is_signed_in_at_first() -> None:
    with pytest.raises(AccountError, match="not signed in"):
        current_account()
    assert forget_account() is None


def test_the_environment_goes_before_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    store_account(STORED)
    monkeypatch.setenv("APFLOW_TOKEN", "other")
    assert current_account() == Account("https://one.example", "other")
    monkeypatch.setenv("APFLOW_URL", "https://two.example/")
    assert current_account() == Account("https://two.example", "other")


def test_a_stored_token_is_never_sent_to_another_server(monkeypatch: pytest.MonkeyPatch) -> None:
    store_account(STORED)
    monkeypatch.setenv("APFLOW_URL", "https://one.example/")
    assert current_account() == STORED
    monkeypatch.setenv("APFLOW_URL", "https://two.example")
    with pytest.raises(AccountError, match=r"no token for https://two\.example"):
        current_account()


def test_a_token_of_the_environment_does_not_cross_a_network_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APFLOW_URL", "http://two.example")
    monkeypatch.setenv("APFLOW_TOKEN", "other")
    with pytest.raises(AddressError):
        current_account()
    assert current_account(insecure=True).url == "http://two.example"


def test_the_server_does_not_take_the_variables_for_misspelt_ones_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APFLOW_URL", "https://two.example")
    monkeypatch.setenv("APFLOW_TOKEN", "other")
    complaints = [complaint.msg for complaint in check_variable_names(None)]
    assert not [text for text in complaints if "APFLOW_URL" in text or "APFLOW_TOKEN" in text]


def test_a_token_is_not_part_of_what_is_shown() -> None:
    assert "stored" not in repr(STORED)
    assert json.loads(store_account(STORED).read_text())["token"] == "stored"
