"""Finding forms of secrets, and pieces of them, in texts: in time that grows with the text alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from .secret_forms import MIN_CHARS

#: So many beginnings are looked for faster one by one than all at once, in a text that is far longer than this number.
_FEW: Final = 200
#: So long a piece of base64, which is fifteen bytes, is no accident.
_PIECE_CHARS: Final = 20
#: A text is looked at once in so many characters, for so many: what is nearly twice as long can't be missed.
_STEP: Final = 12
#: The same byte over and over has no more characters in base64: blanks that indent, a line that is drawn.
_ONE_BYTE_CHARS: Final = 4


class FormSearch:
    """Finds whole forms: the longest at each place, from left to right."""

    def __init__(self, forms: Iterable[str]) -> None:
        #: By how they begin, longest first: a tree may have thousands of secrets, and a text is read once.
        self._forms: dict[str, list[str]] = {}
        for form in sorted(forms, key=len, reverse=True):
            if len(form) >= MIN_CHARS:
                self._forms.setdefault(form[:MIN_CHARS], []).append(form)

    def places(self, text: str) -> Iterator[slice]:
        """Yield where forms stand in a text."""
        done = 0
        for start in self._starts(text):
            if start < done:
                continue
            form = next(
                (form for form in self._forms[text[start : start + MIN_CHARS]] if text.startswith(form, start)), ""
            )
            if form:
                done = start + len(form)
                yield slice(start, done)

    def _starts(self, text: str) -> Iterable[int]:
        """Return in order where something begins as a form does."""
        forms, size = self._forms, MIN_CHARS
        if len(forms) * (len(text) + _FEW) <= _FEW * len(text):
            return sorted(start for beginning in forms for start in _places_of(beginning, text))
        return [start for start in range(len(text) - size + 1) if text[start : start + size] in forms]


class PieceSearch:
    """Finds pieces of base64 forms: lines of a wrapped one may turn up one by one, each in a text of its own.

    A line ends where its base64 does. What has more base64 on both sides is no line, but something else in which a
    public part of a secret stands, such as a host. A piece is found for sure from 23 characters on.
    """

    def __init__(self, forms: Iterable[str]) -> None:
        forms = [_plain_base64(form) for form in forms if len(form) >= _PIECE_CHARS]
        self._steps = {form[start : start + _STEP] for form in forms for start in range(len(form) - _STEP + 1)}

    def places(self, text: str) -> Iterator[slice]:
        """Yield where pieces stand in a text."""
        steps = self._steps
        if not steps:
            return
        text, done = _plain_base64(text), 0
        for seen in range(0, len(text) - _STEP + 1, _STEP):
            if text[seen : seen + _STEP] not in steps or seen < done:
                continue
            start = last = seen
            while start > done and text[start - 1 : start - 1 + _STEP] in steps:
                start -= 1
            while text[last + 1 : last + 1 + _STEP] in steps:
                last += 1
            done = last + _STEP
            if done - start < _PIECE_CHARS or len(set(text[start:done])) <= _ONE_BYTE_CHARS:
                continue
            if _is_edge(text[start - 1 : start]) or _is_edge(text[done : done + 1]):
                yield slice(start, done)


def _is_edge(character: str) -> bool:
    """Tell whether base64 ends at a character, or at the end of a text."""
    return not (character.isascii() and character.isalnum()) and character not in ("+", "/")


def _plain_base64(text: str) -> str:
    """Return a text with the letters of the plain alphabet in place of those that are safe in URLs."""
    return text.replace("-", "+").replace("_", "/")


def _places_of(beginning: str, text: str) -> Iterator[int]:
    start = text.find(beginning)
    while start >= 0:
        yield start
        start = text.find(beginning, start + 1)
