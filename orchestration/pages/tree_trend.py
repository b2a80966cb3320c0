"""The last runs of a tree in figures, and as a chart of how long they took."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from django.urls import reverse

from orchestration.actions.tree_history import TreeHistory, seconds_of
from orchestration.engine import durations
from orchestration.models import Run

from . import states
from .states import State

#: Of the chart's own units: each bar with its gap, and the height of the longest one.
_STEP: Final = 10
_HEIGHT: Final = 56
_LEAST: Final = 3
_GAP: Final = 2


@dataclass(frozen=True, slots=True)
class Bar:
    """One run in the chart."""

    x: int
    y: int
    height: int
    state: State
    run: Run
    duration: str

    #: The same for all.
    width: int = _STEP - _GAP


@dataclass(frozen=True, slots=True)
class Trend:
    """What the page of a tree says of its last runs. Figures are words; empty where there is nothing to say."""

    bars: list[Bar]
    width: int
    height: int
    median_y: int | None
    success: str
    median: str
    p95: str
    last_good: Run | None
    last_failed: Run | None
    comparison: str


def trend_of(history: TreeHistory) -> Trend:
    """Make the figures and the chart, the oldest run at the left."""
    runs = history.runs[::-1]
    longest = max(filter(None, map(seconds_of, runs)), default=0.0)
    rate = history.success_rate
    return Trend(
        bars=[_bar(place, run, longest) for place, run in enumerate(runs)],
        width=max(len(runs), 1) * _STEP,
        height=_HEIGHT,
        median_y=_HEIGHT - _height(history.median_seconds, longest) if history.median_seconds else None,
        success="" if rate is None else f"{rate:.0%}",
        median="" if history.median_seconds is None else durations.in_words(history.median_seconds),
        p95="" if history.p95_seconds is None else durations.in_words(history.p95_seconds),
        last_good=history.last_good,
        last_failed=history.last_failed,
        comparison=_comparison(history.last_good, history.last_failed),
    )


def _bar(place: int, run: Run, longest: float) -> Bar:
    seconds = seconds_of(run)
    height = _height(seconds, longest)
    words = "" if seconds is None else durations.in_words(seconds)
    return Bar(place * _STEP, _HEIGHT - height, height, states.of_run(run), run, words)


def _height(seconds: float | None, longest: float) -> int:
    return max(round(_HEIGHT * (seconds or 0) / longest), _LEAST) if longest else _LEAST


def _comparison(good: Run | None, failed: Run | None) -> str:
    if good is None or failed is None:
        return ""
    return f"{reverse('run-compare')}?{urlencode({'left': good.pk, 'right': failed.pk})}"
