"""Secrets in inputs: where they lie, and that no text and no shown value has them."""

from __future__ import annotations

import base64
import json
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.engine.masked_records import MaskedRecords
from orchestration.engine.masking import Masker, redact, secret_values
from orchestration.engine.outcome import MAX_ERROR_CHARS, Outcome, from_returned
from orchestration.engine.secret_names import query_field_sounds_secret, sounds_secret
from orchestration.engine.secret_places import MASK, is_reference, masked_places

SECRET_KEYS = (
    *("password", "passwd", "db_password", "secret", "client-secret", "token", "accessToken", "api_key", "apiKey"),
    *("X-API-Key", "Authorization", "proxy-authorization", "private_key", "credentials", "Cookie", "auth", "pwd"),
)
ORDINARY_KEYS = (
    *("key", "author", "authorized", "max_tokens", "token_type", "token_url", "tokenizer", "password_policy"),
    *("secretary", "session", "sort_key", "passenger", "signature", "path", "maxTokens", "expires"),
)


@pytest.mark.parametrize("name", SECRET_KEYS)
def test_names_of_secrets(name: str) -> None:
    assert sounds_secret(name)
    assert query_field_sounds_secret(name)


@pytest.mark.parametrize("name", ORDINARY_KEYS)
def test_names_of_other_things(name: str) -> None:
    assert not sounds_secret(name)


def test_short_names_are_secret_in_queries() -> None:
    assert all(map(query_field_sounds_secret, ("key", "sig", "X-Amz-Signature", "session")))
    assert not query_field_sounds_secret("page")


@pytest.mark.parametrize(
    ("inputs", "shown"),
    [
        ({"password": "hunter2hunter2", "user": "ada"}, {"password": MASK, "user": "ada"}),
        ({"password": "abc", "pin_token": 1234}, {"password": MASK, "pin_token": MASK}),
        ({"password": "", "token": None, "secret": True}, {"password": "", "token": None, "secret": True}),
        ({"tokens": ["first-token", "second-token"]}, {"tokens": [MASK, MASK]}),
        ({"auth": {"type": "bearer", "token": "t0ken-t0ken"}}, {"auth": {"type": "bearer", "token": MASK}}),
        (
            {"auth": {"type": "apikey", "key": "X-API-Key", "value": "k3y-k3y-k3y"}},
            {"auth": {"type": "apikey", "key": "X-API-Key", "value": MASK}},
        ),
        ([{"name": "Authorization", "value": "Bearer abcdef123"}], [{"name": "Authorization", "value": MASK}]),
        ({"url": "https://ada:hunter2hunter2@example.org/a"}, {"url": f"https://ada:{MASK}@example.org/a"}),
        ({"url": "https://e.org/?page=2&token=abc#end"}, {"url": f"https://e.org/?page=2&token={MASK}#end"}),
        ({"line": "url=https://ada:p4ss@e.org/?sig=1"}, {"line": f"url=https://ada:{MASK}@e.org/?sig={MASK}"}),
        ({"body": '{"user": "ada", "password": "pa\\"ss"}'}, {"body": f'{{"user": "ada", "password": "{MASK}"}}'}),
        (["-H", "Authorization: Bearer abcdef123"], ["-H", f"Authorization: Bearer {MASK}"]),
        ({"password": "{{ secrets.DB }}"}, {"password": "{{ secrets.DB }}"}),
        ({"Authorization": "Bearer {{ secrets.API }}"}, {"Authorization": "Bearer {{ secrets.API }}"}),
        ({"password": "{{ 'hunter2' }}"}, {"password": MASK}),
        ({"password": "hunter2hunter2", "say": ["it is hunter2hunter2"]}, {"password": MASK, "say": [f"it is {MASK}"]}),
    ],
)
def test_redacted(inputs: Any, shown: Any) -> None:
    assert redact(inputs) == shown


def test_a_schema_of_a_secret_stays_a_schema() -> None:
    part = {"type": "string", "minLength": 8, "default": "hunter2hunter2", "examples": ["swordfish"]}
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {"password": part, "day": {"type": "string", "default": "today"}},
    }
    shown = redact(schema)
    assert shown["properties"]["password"] == {**part, "default": MASK, "examples": [MASK]}
    assert shown["properties"]["day"] == schema["properties"]["day"]
    assert shown["type"] == "object"


def test_what_has_no_secret_is_not_copied() -> None:
    value = {"a": [1, "two", {"three": None}]}
    assert redact(value) is value


def test_a_result_is_shown_without_the_secrets_of_the_inputs() -> None:
    inputs = {"password": "hunter2hunter2"}
    assert redact({"said": "hunter2hunter2 is right"}, inputs) == {"said": f"{MASK} is right"}
    assert redact({"access_token": "new"}, inputs) == {"access_token": MASK}


def json_text(secret: str) -> str:
    return json.dumps({"p": secret})


FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "quoted": lambda secret: quote(secret, safe=""),
    "plus": quote_plus,
    "small": lambda secret: re.sub("%..", lambda match: match[0].lower(), quote(secret, safe="")),
    "json": json_text,
    "repr": repr,
    "base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "urlsafe": lambda secret: base64.urlsafe_b64encode(secret.encode()).decode().rstrip("="),
    "basic": lambda secret: base64.b64encode(f"ada:{secret}".encode()).decode(),
}
ODD = "pä/ss?w\"ö'rd\\ >>>???"


@pytest.mark.parametrize("form", FORMS)
def test_encoded_forms_are_masked(form: str) -> None:
    text = FORMS[form](ODD)
    masked = secret_values({"password": ODD}).text(f"before {text} after")
    assert MASK in masked
    assert masked.startswith("before ") and masked.endswith(" after")
    assert len(masked) < len(text)
    for piece in (text, text[4:-4]):
        assert piece not in masked


def test_what_stands_behind_a_scheme_is_masked_alone_too() -> None:
    basic = base64.b64encode(b"ada:hunter2hunter2").decode()
    masker = secret_values({"headers": {"Authorization": f"Basic {basic}", "X-Token": "Bearer abcdef123"}})
    for text in (basic, "hunter2hunter2", "abcdef123"):
        assert masker.text(f"<{text}>") == f"<{MASK}>"


def test_lines_of_a_secret_are_masked() -> None:
    key = "-----BEGIN KEY-----\nMIIBVwIBADAN\nBgkqhkiG9w0B\n-----END KEY-----"
    assert secret_values({"private_key": key}).text("  BgkqhkiG9w0B\n") == f"  {MASK}\n"


def test_an_escaped_password_of_a_url_is_masked_as_it_is_meant_too() -> None:
    assert secret_values({"dsn": "postgres://ada:hunter%2F2@db/x"}).text("no hunter/2") == f"no {MASK}"


def test_short_secrets_leave_texts_alone() -> None:
    assert secret_values({"password": "a"}).text("a banana") == "a banana"


def test_references_are_no_secrets() -> None:
    assert is_reference("Bearer {{ secrets.API }}")
    assert not is_reference("hunter2{{ params.x }}")
    assert not secret_values({"password": "{{ params.password }}"}).secrets


def test_masks_are_found_where_they_came_from() -> None:
    shown = redact({"a": [{"password": "hunter2hunter2"}], "url": "https://x:abcdef@e.org", "note": "hunter2hunter2"})
    assert sorted(masked_places(shown, "$.inputs")) == ["$.inputs.a[0].password", "$.inputs.note", "$.inputs.url"]
    assert not list(masked_places({"password": "new", "text": f"type {MASK} here"}, "$"))


# --- properties ---------------------------------------------------------------------------------------------------

characters = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | characters
keys = st.sampled_from([*SECRET_KEYS, *ORDINARY_KEYS]) | characters
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4))
long_secrets = st.text(st.sampled_from("ab•%\\\"'= \n/"), min_size=6, max_size=12).filter(lambda s: not is_reference(s))


@given(st.lists(long_secrets, min_size=1, max_size=3), st.lists(characters, max_size=4), st.data())
def test_no_secret_is_left_in_a_text(secrets: list[str], between: list[str], data: st.DataObject) -> None:
    parts = data.draw(st.permutations([*secrets, *secrets, *between]))
    inputs = {"password": secrets[0], "more": [{"token": secret} for secret in secrets]}
    masked = secret_values(inputs).text("".join(parts))
    assert not [secret for secret in secrets if secret in masked]


@given(values, characters)
def test_whatever_the_inputs_no_secret_is_left(inputs: Any, text: str) -> None:
    masker = secret_values(inputs)
    found = [secret for secret in masker.secrets if len(secret) >= 6]
    masked = masker.text(text.join(["", *found, ""]))
    assert not [secret for secret in found if secret in masked]
    assert masker.text(masked) == masked


def leaves(value: Any) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield every scalar with its path; an empty list or dict counts as one."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if not children:
        yield (), value
    for key, child in children:
        yield from (((key, *path), leaf) for path, leaf in leaves(child))


@given(values)
def test_every_other_value_is_kept(value: Any) -> None:
    before, after = list(leaves(value)), list(leaves(redact(value)))
    assert [path for path, _ in before] == [path for path, _ in after]
    secrets = secret_values(value)
    for (_, old), (_, new) in zip(before, after, strict=True):
        if new != old:
            assert str(old) in secrets.secrets or secrets.text(str(old)) != str(old) or MASK in new
            assert MASK in new


@given(st.dictionaries(st.sampled_from(ORDINARY_KEYS), st.text("abc xyz", max_size=12) | st.integers()))
def test_values_without_secrets_are_kept_whole(value: dict[str, Any]) -> None:
    assert redact(value) is value


# --- at the source ------------------------------------------------------------------------------------------------

MASKER = Masker(["hunter2hunter2"])


def test_an_error_is_masked_before_it_is_cut() -> None:
    error = ValueError("x" * (MAX_ERROR_CHARS - len("ValueError: ") - 7) + "hunter2hunter2" + "y" * 99)
    outcome = Outcome.raised(error, MASKER.text)
    assert outcome.error is not None and "hunter2" not in outcome.error and MASK in outcome.error


def test_a_returned_error_is_masked_and_its_result_kept() -> None:
    outcome = from_returned(
        {"status": "failed", "error": {"p": "hunter2hunter2"}, "error_type": "hunter2hunter2"}, mask=MASKER.text
    )
    assert (outcome.error, outcome.error_type) == (f'{{"p":"{MASK}"}}', MASK)
    assert outcome.result_json is not None and "hunter2hunter2" in outcome.result_json


def records_of(masker: Masker | None) -> MaskedRecords:
    return MaskedRecords(logging.LogRecord, lambda: masker)


def test_a_record_is_masked_with_its_traceback() -> None:
    try:
        raise ValueError("no such user: hunter2hunter2")
    except ValueError as error:
        info = (type(error), error, error.__traceback__)
    record = records_of(MASKER)("x", 40, __file__, 1, "login of %s", ("hunter2hunter2",), info)
    text = logging.Formatter().format(record)
    assert text.startswith(f"login of {MASK}\nTraceback") and text.endswith(f"ValueError: no such user: {MASK}")


def test_other_records_are_left_alone() -> None:
    for masker in (None, Masker(()), MASKER):
        record = records_of(masker)("x", 20, __file__, 1, "login of %s", ("ada",), None)
        assert (record.msg, record.args) == ("login of %s", ("ada",))


def test_a_record_that_cant_be_read_is_left_to_its_handlers() -> None:
    record = records_of(MASKER)("x", 20, __file__, 1, "%d", ("no number",), None)
    assert record.args == ("no number",)
