"""Texts without their line breaks, and where in the text a part of them stands.

Programs wrap what is long: `base64` at 76 columns, `openssl` at 64, a terminal wherever it ends. Text in JSON has its
breaks escaped, a list of lines quotes them, and lines may be indented.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

#: One of these is in every text that is broken into lines.
_MARKERS: Final = (
    *("\n", "\r", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"),
    *("\\", "%0", "',", '",'),
)
#: What stands for a break in a text without blanks: an escaped one, and what is between the texts of a list. Other
#: escapes lose their backslashes, since JSON in JSON has more of them. It begins with a set of characters, which `re`
#: looks for quickly.
_BETWEEN: Final = re.compile(
    r"""[\\%"'](?:"""
    r"""(?<=\\)\\*(?:[nrt]|u000[ad])?"""
    r"""|(?<=%)0[ADad]"""
    r"""|(?<=["']),\\*["']"""
    r""")"""
)


def is_broken(text: str) -> bool:
    """Tell whether a text may consist of several lines."""
    return any(marker in text for marker in _MARKERS)


def unbroken(text: str) -> str:
    """Return a text without breaks, and without blanks: wrapping drops those around a break."""
    return _BETWEEN.sub("", _without_blanks(text))


def broken_places(text: str, places: Sequence[slice]) -> Iterator[slice]:
    """Yield where `places` of the unbroken text stand in the text itself: those alone that go over a break."""
    if not places:
        return
    inked = [index for index, character in enumerate(text) if not character.isspace()]
    kept, done = [], 0
    for between in _BETWEEN.finditer(_without_blanks(text)):
        kept += inked[done : between.start()]
        done = between.end()
    kept += inked[done:]
    for place in places:
        start, stop = kept[place.start], kept[place.stop - 1] + 1
        if is_broken(text[start:stop]):
            yield slice(start, stop)


def _without_blanks(text: str) -> str:
    return "".join(text.split())
