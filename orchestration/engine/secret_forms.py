"""The forms in which a secret turns up in texts: as it is, encoded, and line by line."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, quote_plus, unquote

#: Shorter values would take ordinary words out of texts.
MIN_CHARS: Final = 6
#: `Bearer …` and the like in front of what is the secret.
SCHEME: Final = r"(?:bearer|basic|token|apikey)\s+"
_SCHEME: Final = re.compile(rf"\s*(?P<scheme>{SCHEME})(?P<rest>\S.*)", re.IGNORECASE | re.DOTALL)
#: Percent-encoding is written with small letters too.
_ESCAPE: Final = re.compile(r"%[0-9A-F]{2}")
_URL_SAFE: Final = str.maketrans("+/", "-_")
#: Where programs wrap base64: `base64` and Python, `openssl` and PEM files.
_LINE_CHARS: Final = (76, 64)


def forms_of(secret: str) -> set[str]:
    """Return every form of a secret that is long enough to be looked for."""
    forms = {form for part in _long_parts(secret) for form in (part, *_encoded(part), *_in_base64(part), *_ends(part))}
    return {form for form in forms if len(form) >= MIN_CHARS}


def base64_forms_of(secret: str) -> set[str]:
    """Return the base64 forms alone: pieces of them mean nothing else."""
    return {form for part in _long_parts(secret) for form in _in_base64(part)}


def _long_parts(secret: str) -> Iterator[str]:
    return (part for part in _parts(secret) if len(part) >= MIN_CHARS)


def _parts(secret: str) -> Iterator[str]:
    """Yield the secret, what of it is secret by itself, and its lines: texts may show them one by one."""
    yield secret
    yield secret.strip()
    yield unquote(secret)
    if "\n" in secret:
        yield from (line.strip() for line in secret.splitlines())
    match = _SCHEME.match(secret)
    if match is not None:
        yield match["rest"].strip()
        yield from _password_of(match["rest"])


def _password_of(pair: str) -> Iterator[str]:
    """Yield the password of basic authentication."""
    try:
        text = base64.b64decode(pair.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return
    yield text
    yield text.partition(":")[2]


def _encoded(part: str) -> Iterator[str]:
    raw = part.encode("utf-8", "surrogatepass")
    for form in (quote(raw, safe=""), quote(raw), quote_plus(raw)):
        yield form
        yield _ESCAPE.sub(lambda match: match[0].lower(), form)
    yield json.dumps(part)[1:-1]
    yield json.dumps(part, ensure_ascii=False)[1:-1]
    yield repr(part)[1:-1]
    yield repr(raw)[2:-1]


def _in_base64(part: str) -> Iterator[str]:
    for offset in range(3):
        yield from _alphabets(_base64_behind(part.encode("utf-8", "surrogatepass"), offset))


def _ends(part: str) -> Iterator[str]:
    """Yield the last lines that a part has in wrapped base64: they may be too short to be known as pieces."""
    form = _base64_behind(part.encode("utf-8", "surrogatepass"), 0)
    for width in _LINE_CHARS:
        if len(form) > width:
            yield from _alphabets(form[len(form) // width * width :])


def _alphabets(form: str) -> tuple[str, str]:
    return form, form.translate(_URL_SAFE)


def _base64_behind(raw: bytes, offset: int) -> str:
    """Return the characters that `raw` has in base64 behind `offset` bytes, whatever stands before and after it."""
    text = base64.b64encode(b"\0" * offset + raw).decode("ascii")
    return text[-(-offset * 8 // 6) : (offset + len(raw)) * 8 // 6]
