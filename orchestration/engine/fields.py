"""Reading fields of untrusted JSON objects: every complaint is collected with its path, none is raised."""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Iterable
from typing import Any

from .errors import Problem
from .json_values import JSONValue, path_join


class Fields:
    """One JSON object being read. Each getter checks one field, notes what is wrong, and returns a usable value."""

    def __init__(self, value: dict[str, JSONValue], path: str, problems: list[Problem]) -> None:
        self.value = value
        self.path = path
        self.problems = problems

    def complain(self, key: str, message: str) -> None:
        """Note that the field `key` is wrong."""
        self.problems.append(Problem(path_join(self.path, key), message))

    def refuse_unknown(self, known: Collection[str], ignored: Iterable[str] = ()) -> None:
        """Note every key that is in neither collection, with the nearest known one."""
        for key in self.value:
            if key not in known and key not in ignored:
                near = difflib.get_close_matches(key, known, n=1)
                self.complain(key, f"is not a field here{f'; did you mean {near[0]!r}?' if near else ''}")

    def _typed(self, key: str, kind: type | tuple[type, ...], word: str, default: Any) -> Any:
        value = self.value.get(key)
        if value is None:
            return default
        # A bool is an int to Python, and never one to the people who write these documents.
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self.complain(key, f"must be {word}, not {_word_of(value)}")
            return default
        return value

    def text(self, key: str, default: str = "", *, max_chars: int = 100_000) -> str:
        """Read a text of at most `max_chars` characters."""
        value: str = self._typed(key, str, "a text", default)
        if len(value) > max_chars:
            self.complain(key, f"has {len(value):,} characters; at most {max_chars:,} are allowed")
            return value[:max_chars]
        return value

    def name(self, key: str, *, max_chars: int) -> str:
        """Read a text that people and programs call something by: required, not blank, on one line."""
        if self.value.get(key) is None:
            self.complain(key, "is missing")
            return ""
        value = self.text(key, max_chars=max_chars)
        if isinstance(self.value.get(key), str):
            if not value.strip():
                self.complain(key, "must not be empty")
            elif any(ord(char) < 32 or ord(char) == 127 for char in value):
                self.complain(key, "must not contain line breaks or other control characters")
        return value

    def flag(self, key: str, default: bool) -> bool:
        """Read true or false."""
        return bool(self._typed(key, bool, "true or false", default))

    def integer(self, key: str, default: int | None, low: int, high: int) -> int | None:
        """Read a whole number from `low` to `high`."""
        value = self._typed(key, int, f"a whole number from {low} to {high:,}", default)
        if value is not None and not low <= value <= high:
            self.complain(key, f"must be a whole number from {low} to {high:,}, not {value}")
            return default
        return None if value is None else int(value)

    def number(self, key: str, default: float | None, low: float, high: float) -> float | None:
        """Read a number from `low` to `high`."""
        value = self._typed(key, (int, float), f"a number from {low:g} to {high:,.0f}", default)
        if value is not None and not (math.isfinite(value) and low <= value <= high):
            self.complain(key, f"must be a number from {low:g} to {high:,.0f}, not {value}")
            return default
        return None if value is None else float(value)

    def object(self, key: str) -> dict[str, JSONValue] | None:
        """Read an object; None when it is missing."""
        value: dict[str, JSONValue] | None = self._typed(key, dict, "an object", None)
        return value

    def array(self, key: str) -> list[JSONValue]:
        """Read a list; an empty one when it is missing."""
        value: list[JSONValue] = self._typed(key, list, "a list", [])
        return value

    def choice(self, key: str, default: str, choices: Collection[str]) -> str:
        """Read one of a few words."""
        value: str = self._typed(key, str, f"one of {', '.join(choices)}", default)
        if value not in choices:
            self.complain(key, f"must be one of {', '.join(choices)}, not {value[:60]!r}")
            return default
        return value

    def inner(self, key: str) -> Fields | None:
        """Return a reader for the object under `key`; None when it is missing or no object."""
        value = self.object(key)
        return None if value is None else Fields(value, path_join(self.path, key), self.problems)


def _word_of(value: JSONValue) -> str:
    words: dict[type, str] = {bool: "true or false", int: "a number", float: "a number", str: "a text"}
    words |= {list: "a list", dict: "an object"}
    return words.get(type(value), "null")
