"""Secrets that were broken into lines: as one text, as a list of lines, and line by line."""

from __future__ import annotations

import base64
import json
import random
import string
import textwrap
import time
from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.engine.masking import Masker
from orchestration.engine.secret_places import MASK
from orchestration.engine.unbroken import broken_places, unbroken

SIZES = (20, 57, 58, 92, 400, 3000)
ALPHABETS = (string.ascii_letters + string.digits, string.printable[:95], "äöß•-_ /+%\"'\\{}:abcdefghijkl 0123456789")
#: So long a piece of a secret must not be left.
PIECE = 8


def wrapped(text: str, width: int, end: str = "\n") -> str:
    return end.join(text[start : start + width] for start in range(0, len(text), width))


def plain_base64(secret: str) -> str:
    return base64.b64encode(secret.encode()).decode()


def url_safe(secret: str) -> str:
    return base64.urlsafe_b64encode(secret.encode()).decode()


#: How a secret becomes a text of several lines.
FORMS: dict[str, Callable[[str], str]] = {
    "encodebytes": lambda secret: base64.encodebytes(secret.encode()).decode(),
    "urlsafe": lambda secret: wrapped(url_safe(secret), 76),
    "basic": lambda secret: wrapped(plain_base64(f"ada:{secret}"), 64),
    "behind two": lambda secret: wrapped(url_safe(f"x:{secret}"), 40),
    "narrow": lambda secret: wrapped(plain_base64(secret), 10),
    "pem": lambda secret: f"-----BEGIN KEY-----\n{wrapped(plain_base64(secret), 64)}\n-----END KEY-----\n",
    "textwrap": lambda secret: "\n".join(textwrap.wrap(secret, 30)),
    "url": lambda secret: wrapped(quote(secret, safe=""), 64),
    "json, wrapped": lambda secret: wrapped(json.dumps({"p": secret}), 50),
}
#: What is done to that text then.
AROUND: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "crlf": lambda text: text.replace("\n", "\r\n"),
    "indented": lambda text: textwrap.indent(text, "    "),
    "in JSON": lambda text: json.dumps({"out": text}),
    "in JSON twice": lambda text: json.dumps(json.dumps(textwrap.indent(text, "\t"))),
    "repr": lambda text: repr(text.encode()),
    "quoted": lambda text: text.replace("\n", "%0A"),
    "list": lambda text: str(text.splitlines()),
    "JSON list": lambda text: json.dumps({"out": text.splitlines()}),
}


def secret_of(size: int, alphabet: str) -> str:
    return "".join(random.Random(size).choices(alphabet, k=size))


@cache
def masker_of(secret: str) -> Masker:
    return Masker([secret])


def readable(text: str, masked: str) -> list[str]:
    """Return the pieces of a text that are left in another one, blanks and breaks aside."""
    text, masked = unbroken(text), unbroken(masked)
    pieces = {text[start : start + PIECE] for start in range(len(text) - PIECE + 1)}
    return [piece for piece in pieces if piece in masked]


def left_of(secret: str, masked: str) -> list[str]:
    """Return the pieces of a secret that can be read in a text in any of its forms."""
    forms = (secret, plain_base64(secret), url_safe(secret), quote(secret, safe=""), json.dumps(secret)[1:-1])
    return [piece for form in forms for piece in readable(form, masked)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("form", FORMS)
def test_no_piece_is_left_of_what_was_wrapped(form: str, around: str, size: int) -> None:
    for alphabet in ALPHABETS:
        secret = secret_of(size, alphabet)
        masked = masker_of(secret).text(f"before\n{AROUND[around](FORMS[form](secret))}\nafter")
        assert MASK in masked
        assert masked.startswith("before\n") and masked.endswith("\nafter")
        assert left_of(secret, masked) == []


@given(
    st.sampled_from(SIZES),
    st.sampled_from(ALPHABETS),
    st.sampled_from([*FORMS]),
    st.sampled_from([*AROUND]),
    st.integers(0, 2**32),
    st.integers(8, 100),
)
def test_whatever_the_secret_no_piece_is_left(
    size: int, alphabet: str, form: str, around: str, seed: int, width: int
) -> None:
    chance = random.Random(seed)
    secret = "".join(chance.choices(alphabet, k=size))
    masked = Masker([secret, "another one"]).text(AROUND[around](FORMS[form](secret)))
    assert left_of(secret, masked) == []
    assert left_of(secret, Masker([secret]).text(wrapped(plain_base64(secret), width))) == []


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("width", [64, 76])
@pytest.mark.parametrize("encode", [plain_base64, url_safe])
def test_lines_of_base64_are_masked_one_by_one(encode: Callable[[str], str], width: int, size: int) -> None:
    for alphabet in ALPHABETS:
        secret = secret_of(size, alphabet)
        masker = masker_of(secret)
        masked = [masker.text(f"it is {line}") for line in wrapped(encode(secret), width).splitlines()]
        assert readable(encode(secret), "".join(masked)) == []
        assert all(line.startswith("it is ") for line in masked)


@pytest.mark.parametrize("before", ["x", "ab", "ada:", "Authorization: Basic "])
@pytest.mark.parametrize("width", [64, 76])
def test_lines_are_masked_whatever_stands_before_the_secret_in_them(width: int, before: str) -> None:
    secret = secret_of(400, ALPHABETS[0])
    masker = Masker([secret])
    *lines, _ = wrapped(plain_base64(before + secret), width).splitlines()
    assert not [line for line in lines if readable(line[30:], masker.text(line))]


def test_a_list_of_lines_is_hidden_as_one_text() -> None:
    secret = secret_of(92, ALPHABETS[0])
    lines = textwrap.wrap(secret, 30)
    value: Any = {"lines": ["first", *lines, 7, None, "last", {"more": lines}], lines[0]: 1}
    hidden = Masker([secret]).hide(value)
    assert hidden["lines"] == ["first", *[MASK] * len(lines), 7, None, "last", {"more": [MASK] * len(lines)}]
    part = Masker([secret]).hide([f"a {lines[0]}", "".join(lines[1:]) + " z", "y"])
    assert part == [f"a {MASK}", f"{MASK} z", "y"]


def test_a_short_secret_is_not_met_by_chance_in_a_column() -> None:
    masker = Masker(["123456"])
    assert masker.hide(list("1234567")) == list("1234567")
    assert masker.text("12\n34\n56\n") == "12\n34\n56\n"
    assert masker.text("pin 123456") == f"pin {MASK}"


def test_a_public_part_of_a_secret_within_other_base64_is_none() -> None:
    masker = Masker(["postgresql://app:Wm8kX2vQ9z@db.internal.example.com:5432/app"])
    other = plain_base64('{"host": "db.internal.example.com:5432", "n": 1}')
    assert masker.text(other) == other
    whole = plain_base64("postgresql://app:Wm8kX2vQ9z@db.internal.example.com:5432/app")
    assert masker.text(f"first {whole[:40]}") == f"first {MASK}"
    assert masker.text(f'"{whole[40:]}"') == f'"{MASK}"'


@pytest.mark.parametrize(
    "text",
    [
        "hunter2 and hunter\n3, hunter",
        "pass word1 is two words",
        "C:\\new\\readme \"a\", \"b\", 'c', 'd'",
        base64.encodebytes(b"-----BEGIN CERTIFICATE-----" + b" " * 99).decode(),
        base64.b64encode(bytes(range(256)) * 9).decode(),
        "the quick brown fox\n" * 99,
    ],
)
def test_other_texts_stay(text: str) -> None:
    secrets = ["password1", "-----BEGIN PRIVATE KEY-----\n" + " " * 40 + "\n-----END", secret_of(3000, ALPHABETS[1])]
    assert Masker(secrets).text(text) == text
    assert Masker(secrets).hide([text, "more"]) == [text, "more"]


@given(st.text("ab \n\r\\n%0Aut\"',0", max_size=60), st.data())
def test_places_of_an_unbroken_text_are_those_of_the_text(text: str, data: st.DataObject) -> None:
    whole = unbroken(text)
    start = data.draw(st.integers(0, max(len(whole) - 1, 0)))
    stop = data.draw(st.integers(start, len(whole)))
    if start == stop:
        return
    for place in broken_places(text, [slice(start, stop)]):
        assert text[place].startswith(whole[start]) and text[place].endswith(whole[stop - 1])
        assert len(text[place]) >= stop - start


@pytest.mark.parametrize("kind", ["lines", "hits", "base64", "alike"])
def test_the_time_grows_with_the_text_alone(kind: str) -> None:
    secret = "a" * 3000 if kind == "alike" else secret_of(3000, ALPHABETS[0])
    made: dict[str, Callable[[int], str]] = {
        "lines": lambda size: "some words in a line, and more\n" * (size // 31),
        "hits": lambda size: (base64.encodebytes(secret.encode()).decode() + "and\n") * (size // 4100),
        "base64": lambda size: base64.encodebytes(b"0123456789abcde" * (size // 20)).decode(),
        "alike": lambda size: wrapped("YWFh" * (size // 4), 76),
    }
    masker = Masker([secret])
    masker.text("made\n")

    def seconds(size: int) -> float:
        text, started = made[kind](size), time.process_time()
        masker.text(text)
        return time.process_time() - started

    small = min(seconds(100_000) for _ in range(3))
    assert seconds(1_600_000) < 16 * 4 * small
