"""What a command prints: tables and lines for people, JSON for programs."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from typing import Any, Final, TextIO

from .table import Table
from .wording import printable

_COLOURS: Final = {"completed": 32, "failed": 31, "cancelled": 33, "in_progress": 36, "pending": 90}


@dataclass
class Screen:
    """Where a command prints. `width` is None where lines may be as long as they are."""

    out: TextIO
    err: TextIO
    as_json: bool = False
    has_colour: bool = False
    width: int | None = None

    @classmethod
    def of_process(cls, *, as_json: bool) -> Screen:
        """Return the screen of this process: colour and a width only on a terminal."""
        for stream in (sys.stdout, sys.stderr):
            # A character that the terminal does not have is no reason to stop.
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        is_terminal = sys.stdout.isatty()
        has_colour = is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        width = shutil.get_terminal_size().columns if is_terminal else None
        return cls(sys.stdout, sys.stderr, as_json, has_colour, width)

    def say(self, line: str = "") -> None:
        """Print a line for people; there are none among JSON."""
        if not self.as_json:
            print(line, file=self.out, flush=True)

    def document(self, document: Any) -> None:
        """Print one JSON document, when JSON is asked for."""
        if self.as_json:
            print(json.dumps(document, indent=2), file=self.out, flush=True)

    def json_line(self, document: Any) -> None:
        """Print one JSON document as a line, when JSON is asked for."""
        if self.as_json:
            print(json.dumps(document), file=self.out, flush=True)

    def table(self, titles: Sequence[str], rows: Iterable[Sequence[str]], *, flexible: int) -> None:
        """Print a table; the column `flexible` gives way where the terminal is narrow."""
        if self.as_json:
            return
        table = Table(titles, [[printable(cell) for cell in row] for row in rows], flexible)
        for line in table.lines(self.width, self.painted):
            self.say(line)

    def complain(self, sentence: str) -> None:
        """Print a sentence about what went wrong, or what is waited for."""
        print(f"apflow: {_over_lines(sentence)}", file=self.err, flush=True)

    def painted(self, text: str) -> str:
        """Return a text in the colour of the status that it is."""
        colour = _COLOURS.get(text.strip()) if self.has_colour else None
        return f"\x1b[{colour}m{text}\x1b[0m" if colour else text


def _over_lines(text: str) -> str:
    return "\n".join(map(printable, text.splitlines()))
