"""A week of an executor as bars: plain SVG, coloured by the style sheet, so that the strict CSP stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from orchestration.store.executor_usage import Usage

#: Units of the drawing: a bar with its gap, and the height.
STEP: Final = 10
HEIGHT: Final = 24


@dataclass(frozen=True, slots=True)
class Bar:
    """One day. `good` and `bad` are heights from the bottom upwards, `bad` standing on `good`."""

    x: int
    good: float
    bad: float
    words: str

    @property
    def good_y(self) -> float:
        """Where the part that went well begins, from the top."""
        return round(HEIGHT - self.good, 2)

    @property
    def bad_y(self) -> float:
        """Where the part that failed begins."""
        return round(HEIGHT - self.good - self.bad, 2)


@dataclass(frozen=True, slots=True)
class Sparkline:
    """The bars, and what they say in words."""

    bars: list[Bar]
    words: str

    @property
    def width(self) -> int:
        """Units of the drawing."""
        return STEP * len(self.bars)

    @property
    def height(self) -> int:
        """Units of the drawing."""
        return HEIGHT


def sparkline(usage: Usage, days: Sequence[str]) -> Sparkline:
    """Draw a week; days without a run are there, and empty."""
    by_day = {day.day: day for day in usage.days}
    most = max((day.runs for day in usage.days), default=0) or 1
    bars = []
    for index, name in enumerate(days):
        day = by_day.get(name)
        runs, failures = (day.runs, day.failures) if day else (0, 0)
        good, bad = ((runs - failures) * HEIGHT / most, failures * HEIGHT / most)
        bars.append(Bar(index * STEP, round(good, 2), round(bad, 2), f"{name}: {runs} ran, {failures} failed"))
    words = f"{usage.runs} task runs in {len(days)} days, {usage.failures} failed" if usage.runs else "not used"
    return Sparkline(bars, words)
