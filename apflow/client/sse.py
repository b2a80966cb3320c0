"""Server-Sent Events: bytes in, whole events out.

Own code, because `httpx.Response.iter_lines` also ends lines at U+2028 and its like, which JSON may hold as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_LINE_END: Final = re.compile(rb"\r\n|\n|\r")


class EventStream:
    """Puts the events of a stream together from pieces that may end anywhere; what is cut short is never shown."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        # A CR at the very end of a piece may be the first half of a CR LF.
        self._held = b""
        self._data: list[bytes] = []

    def feed(self, piece: bytes) -> Iterator[str]:
        """Return the data of each event that is complete with this piece."""
        piece = self._held + piece
        self._held = piece[-1:] if piece.endswith(b"\r") else b""
        piece = piece[: len(piece) - len(self._held)]
        # A long frame comes in many pieces: they are joined once.
        self._pieces.append(piece)
        if b"\n" not in piece and b"\r" not in piece:
            return
        *lines, rest = _LINE_END.split(b"".join(self._pieces))
        self._pieces = [rest]
        for line in lines:
            yield from self._take(line)

    def _take(self, line: bytes) -> Iterator[str]:
        if line:
            name, _, value = line.partition(b":")
            if name == b"data":
                self._data.append(value.removeprefix(b" "))
        elif self._data:
            whole, self._data = b"\n".join(self._data), []
            yield whole.decode("utf-8", errors="replace")
