"""Typed reads of environment variables."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from apflow_site.env import env_bool, env_database, env_int, env_list, env_origins, env_path, env_str

NAME = "APFLOW_SOMETHING"


def test_an_unset_or_blank_variable_means_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in (None, "", "  "):
        if value is None:
            monkeypatch.delenv(NAME, raising=False)
        else:
            monkeypatch.setenv(NAME, value)
        assert env_str(NAME, "x") == "x"
        assert env_bool(NAME, True) is True
        assert env_int(NAME, 7, minimum=1, maximum=9) == 7
        assert env_list(NAME, ["a"]) == ["a"]
        assert env_path(NAME, Path("/a")) == Path("/a")
        assert env_database(NAME) is None


@pytest.mark.parametrize(
    ("text", "value"), [("1", True), ("TRUE", True), ("yes", True), ("On", True), ("0", False), ("no", False)]
)
def test_booleans(monkeypatch: pytest.MonkeyPatch, text: str, value: bool) -> None:
    monkeypatch.setenv(NAME, text)
    assert env_bool(NAME, not value) is value


@pytest.mark.parametrize("text", ["2", "ja", "truee", "-"])
def test_other_words_are_no_booleans(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(NAME, text)
    with pytest.raises(ImproperlyConfigured, match=f"{NAME} is '{text}'.*accepted is one of 1, true"):
        env_bool(NAME, False)


@pytest.mark.parametrize("text", ["0", "11", "1.5", "1_0", "x", "٣", "-", "--1", "1e1"])
def test_numbers_outside_of_the_range_are_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(NAME, text)
    with pytest.raises(ImproperlyConfigured, match=f"{NAME} is .*accepted is a whole number from 1 to 10"):
        env_int(NAME, 1, minimum=1, maximum=10)


def test_both_ends_of_the_range_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    for text in ("-3", "10"):
        monkeypatch.setenv(NAME, text)
        assert env_int(NAME, 1, minimum=-3, maximum=10) == int(text)


def test_lists_drop_blanks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, " a, b ,,c,")
    assert env_list(NAME, []) == ["a", "b", "c"]


def test_paths_are_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(NAME, "some where")
    assert env_path(NAME, Path("/")) == tmp_path / "some where"


def test_a_path_below_an_unknown_home_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "~no-such-user-here/data")
    with pytest.raises(ImproperlyConfigured, match="home folder exists"):
        env_path(NAME, Path("/"))


def test_a_database_url_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "postgres://us%40er:p%2Fw%3A@db.example:6543/my%20flows?sslmode=require&connect_timeout=5")
    assert env_database(NAME) == {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": "db.example",
        "PORT": "6543",
        "USER": "us@er",
        "PASSWORD": "p/w:",
        "NAME": "my flows",
        "OPTIONS": {"sslmode": "require", "connect_timeout": "5"},
    }


def test_a_database_url_may_name_a_socket_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "postgresql://me@/flows?host=%2Frun%2Fpg")
    database = env_database(NAME)
    assert database is not None
    assert database["HOST"] == "/run/pg"


@pytest.mark.parametrize(
    "url", ["sqlite:///secret.db", "mysql://root:secret@h/x", "secret", "postgres:secret", "POSTGRES://secret@h/x"]
)
def test_other_databases_are_refused_without_showing_the_value(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv(NAME, url)
    with pytest.raises(ImproperlyConfigured, match="PostgreSQL is the only supported database") as caught:
        env_database(NAME)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["postgres://u:secret@h:5432/x?nonsense=1", "postgres://u:%zzsecret@h/x"])
def test_an_unreadable_database_url_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv(NAME, url)
    with pytest.raises(ImproperlyConfigured, match="can't be read as a PostgreSQL URL") as caught:
        env_database(NAME)
    assert "secret" not in str(caught.value)


def test_a_database_url_without_a_database_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "postgres://u@h:5432")
    with pytest.raises(ImproperlyConfigured, match="names no database"):
        env_database(NAME)


def test_origins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "https://flows.example.org, http://localhost:9000")
    assert env_origins(NAME) == ["https://flows.example.org", "http://localhost:9000"]
    for bad in ("flows.example.org", "https://flows.example.org/x", "ftp://a"):
        monkeypatch.setenv(NAME, bad)
        with pytest.raises(ImproperlyConfigured, match="accepted is origins"):
            env_origins(NAME)
