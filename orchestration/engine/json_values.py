"""Strict JSON: what may be stored, and a clear word on what may not.

Python's own encoder lets NaN, NUL and lone surrogates through; PostgreSQL's `jsonb` refuses them. These functions
refuse them first, name the place, and never recurse, so that a hostile nesting is an error and not a crash.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final, TypeAlias

from .errors import NotStorableError, Problem

JSONValue: TypeAlias = bool | int | float | str | list["JSONValue"] | dict[str, "JSONValue"] | None

#: Nesting levels allowed in any stored value. Python's and browsers' parsers manage about 1,000.
MAX_DEPTH: Final = 100
#: PostgreSQL's `numeric` ends at 131,072 digits before the point; Python's own int parser at 4,300.
MAX_INT_DIGITS: Final = 4300

_encoder: Final = json.JSONEncoder(allow_nan=False, ensure_ascii=False, separators=(",", ":"))
_PLAIN_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def path_join(path: str, key: str | int) -> str:
    """Append a key or an index to a JSON path."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    if _PLAIN_KEY.match(key):
        return f"{path}.{key}"
    return f"{path}[{json.dumps(key[:60])}]"


def text_problem(text: str) -> str | None:
    """Say what makes `text` unstorable, or None."""
    if "\x00" in text:
        return "contains the character U+0000 (NUL), which can't be stored; remove it"
    if text.isascii():
        return None
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "contains half of a surrogate pair, which is not valid Unicode; remove it"
    return None


def find_problem(value: object, path: str = "$") -> Problem | None:
    """Find the first place in `value` that strict JSON can't hold (depth first, without recursion)."""
    stack: list[tuple[object, _Place | None, int]] = [(value, None, 0)]
    while stack:
        item, place, depth = stack.pop()
        message = _depth_problem(depth)
        if isinstance(item, dict):
            message = message or next(filter(None, map(_key_problem, item)), None)
            stack.extend((child, (place, str(key)), depth + 1) for key, child in item.items())
        elif isinstance(item, list | tuple):
            stack.extend((child, (place, index), depth + 1) for index, child in enumerate(item))
        else:
            message = message or _scalar_problem(item)
        if message is not None:
            return Problem(_written(place, path), message)
    return None


#: A place in a value: that of what holds it, and its key there. Written out only for what is wrong.
_Place: TypeAlias = tuple["_Place | None", str | int]


def _written(place: _Place | None, path: str) -> str:
    keys: list[str | int] = []
    while place is not None:
        place, key = place
        keys.append(key)
    for key in reversed(keys):
        path = path_join(path, key)
    return path


def _depth_problem(depth: int) -> str | None:
    return f"is nested more than {MAX_DEPTH} levels deep (or contains itself)" if depth > MAX_DEPTH else None


def _key_problem(key: object) -> str | None:
    if type(key) is str and key.isidentifier() and key.isascii():
        return None
    if not isinstance(key, str | int | float | bool | None):
        return f"has a key of type {type(key).__name__}; keys must be text"
    message = text_problem(key) if isinstance(key, str) else None
    return f"has a key that {message}" if message else None


def _scalar_problem(item: object) -> str | None:
    if item is None or isinstance(item, bool):
        return None
    if isinstance(item, str):
        return text_problem(item)
    if isinstance(item, int):
        return None if abs(item).bit_length() < MAX_INT_DIGITS * 3.3 else "is an integer of too many digits"
    if isinstance(item, float):
        if math.isfinite(item):
            return None
        return f"is {item!r}, which JSON has no number for; return None or a text instead"
    return f"is of type {type(item).__name__}, which JSON can't hold; convert it to a text, a number, a list or a dict"


def encode(value: object, what: str = "the value", max_bytes: int | None = None) -> str:
    """Encode `value` as strict JSON text.

    Raises NotStorableError naming the JSON path of the first bad place, or the size and the limit in bytes.
    """
    try:
        text = _encoder.encode(value)
        size = len(text) if text.isascii() else len(text.encode("utf-8"))
    except (ValueError, TypeError, RecursionError) as error:
        problem = find_problem(value)
        raise NotStorableError(f"{what} can't be stored: {problem or error}") from error
    suspicious = "\\u0000" in text or text.count("[") + text.count("{") > MAX_DEPTH
    problem = find_problem(value) if suspicious else None
    if problem is not None:
        raise NotStorableError(f"{what} can't be stored: {problem}")
    if max_bytes is not None and size > max_bytes:
        raise NotStorableError(f"{what} has {size:,} bytes as JSON, which is over the limit of {max_bytes:,} bytes")
    return text


def decode(text: str) -> Any:
    """Decode JSON text that `encode` or PostgreSQL wrote. (Values of our own making: no checks.)"""
    return json.loads(text)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def _refuse_duplicate_keys(pairs: list[tuple[str, JSONValue]]) -> dict[str, JSONValue]:
    seen = dict(pairs)
    if len(seen) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {json.dumps(twice[:60])} stands twice in one object")
    return seen


def parse_document(raw: bytes | str, max_bytes: int) -> JSONValue:
    """Parse a document from outside as strict JSON.

    Raises NotStorableError for anything over `max_bytes`, not UTF-8, not JSON, nested too deep, with NaN or Infinity,
    with a key twice in one object, with NUL or with half a surrogate pair; the text says where.
    """
    size = len(raw)
    if size > max_bytes:
        raise NotStorableError(f"the document has {size:,} bytes, which is over the limit of {max_bytes:,} bytes")
    try:
        text = raw.decode("utf-8-sig") if isinstance(raw, bytes) else raw
        value: JSONValue = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_refuse_duplicate_keys)
    except UnicodeDecodeError as error:
        raise NotStorableError(f"the document is not UTF-8: byte {error.start} can't be decoded") from error
    except json.JSONDecodeError as error:
        raise NotStorableError(
            f"the document is not JSON: {error.msg} (line {error.lineno}, column {error.colno})"
        ) from error
    except RecursionError as error:
        raise NotStorableError(f"the document is nested more than {MAX_DEPTH} levels deep") from error
    except ValueError as error:
        raise NotStorableError(f"the document is not JSON: {error}") from error
    problem = find_problem(value)
    if problem is not None:
        raise NotStorableError(str(problem))
    return value


#: What replaces characters that PostgreSQL can't store in error texts and log lines.
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


def storable_text(text: str, max_chars: int) -> str:
    """Make `text` storable: NUL and lone surrogates become U+FFFD, and what is over `max_chars` is cut, and said so."""
    cleaned = _UNSTORABLE.sub("\ufffd", text)
    if len(cleaned) <= max_chars:
        return cleaned
    return f"{cleaned[:max_chars]}… [{len(cleaned) - max_chars:,} more characters cut]"
