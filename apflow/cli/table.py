"""Aligned columns that fit the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from .wording import shortened, width_of

_GAP: Final = 2
#: The flexible column keeps at least this width, even if the lines become too long.
_MIN_FLEXIBLE: Final = 8


@dataclass(frozen=True)
class Table:
    """Titles and rows of text; the column `flexible` is cut where a line would be too long."""

    titles: Sequence[str]
    rows: Sequence[Sequence[str]]
    flexible: int

    def lines(self, width: int | None, paint: Callable[[str], str]) -> Iterator[str]:
        """Yield the lines for a terminal of this width; None: as wide as they are. `paint` colours a padded cell."""
        widths = self._widths(width)
        for row in (self.titles, *self.rows):
            cells = [_padded(shortened(cell, size), size) for cell, size in zip(row, widths, strict=True)]
            yield (" " * _GAP).join(map(paint, cells)).rstrip()

    def _widths(self, width: int | None) -> list[int]:
        widths = [max(map(width_of, column)) for column in zip(self.titles, *self.rows, strict=True)]
        if width is not None:
            excess = sum(widths) + _GAP * (len(widths) - 1) - width
            widths[self.flexible] = max(widths[self.flexible] - max(excess, 0), _MIN_FLEXIBLE)
        return widths


def _padded(text: str, width: int) -> str:
    return text + " " * (width - width_of(text))
