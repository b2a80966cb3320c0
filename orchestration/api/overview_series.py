"""What the overview's charts are made of."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from django.utils import timezone
from ninja import Query, Router
from pydantic import Field

from orchestration.access import rules
from orchestration.store.overview_series import Buckets, Series, runs_over_time, tasks_over_time

from .door import ApiRequest
from .schemas import Fields

router = Router(tags=["overview"])

Range = Literal["1h", "24h", "7d"]
#: How long each bucket is, and how many make up the range.
_RANGES: Final[dict[Range, tuple[timedelta, int]]] = {
    "1h": (timedelta(minutes=1), 60),
    "24h": (timedelta(minutes=15), 96),
    "7d": (timedelta(hours=2), 84),
}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class SeriesQuery(Fields):
    """How far back."""

    range: Range = "24h"


class SeriesOut(Fields):
    """Values for each bucket, in order."""

    completed: list[int]
    failed: list[int]
    cancelled: list[int]
    p50: list[float | None] = Field(description="seconds; half of them took no longer; null: nothing to measure")
    p95: list[float | None] = Field(description="seconds; 95 in 100 took no longer")
    complete_from: datetime | None = Field(
        description="what ended before it may be left out, because it was too much; null: nothing is left out"
    )


class OverviewSeries(Fields):
    """Runs and tasks over time. Each bucket is named by its beginning; the last one is not over yet."""

    range: Range
    step_seconds: int
    at: list[datetime]
    runs: SeriesOut = Field(description="runs by when they ended; p50 and p95 of how long they took from their start")
    tasks: SeriesOut = Field(
        description="tasks by when they ended; p50 and p95 of how long they waited to start once they were due"
    )


@router.get("/overview/series", response=OverviewSeries, summary="Runs and tasks over time")
def read_overview_series(request: ApiRequest, query: Query[SeriesQuery]) -> dict[str, Any]:
    """Return figures of the runs that the caller sees, for the last hour, day or week."""
    buckets = _buckets(query.range, timezone.now())
    runs = rules.runs_of(request.auth)
    return {
        "range": query.range,
        "step_seconds": int(buckets.step.total_seconds()),
        "at": [buckets.begin + number * buckets.step for number in range(buckets.count)],
        "runs": _rounded(runs_over_time(runs, buckets)),
        "tasks": _rounded(tasks_over_time(runs, buckets)),
    }


def _buckets(range_: Range, now: datetime) -> Buckets:
    """Return buckets that begin at whole steps, the last of which is the present one."""
    step, count = _RANGES[range_]
    present = now - (now - _EPOCH) % step
    return Buckets(present - (count - 1) * step, step, count)


def _rounded(series: Series) -> dict[str, Any]:
    values = asdict(series)
    for name in ("p50", "p95"):
        values[name] = [None if value is None else round(value, 3) for value in values[name]]
    return values
