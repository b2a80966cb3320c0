"""What an engine counts, in words for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .durations import in_words


def metric_words(snapshot: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return label and sentence of what is worth knowing in a `Metrics.snapshot`; nothing of an empty one."""
    if not snapshot:
        return []
    starts: Mapping[str, int] = snapshot.get("starts", {})
    said = [
        ("Attempts started", _by_name(starts)),
        ("How they ended", _outcomes(snapshot.get("outcomes", ()))),
        ("Runs that ended here", _by_name(snapshot.get("runs", {}))),
        ("Ready to started", _spread(snapshot.get("start_latency"))),
        ("Queued to claimed", _spread(snapshot.get("queue_time"))),
        ("Commits", _commits(snapshot)),
        ("Troubles", _troubles(snapshot)),
    ]
    return [(label, words) for label, words in said if words]


def quantile(histogram: Mapping[str, Any], share: float) -> float | None:
    """Return the upper bound of the bucket that the value at `share` (0 to 1) is in; None without values, and infinite
    for one that is over the last bound."""
    counts: Sequence[int] = histogram.get("counts", ())
    wanted = share * sum(counts)
    if not wanted:
        return None
    seen = 0
    for bound, count in zip([*histogram["bounds"], float("inf")], counts, strict=True):
        seen += count
        if seen >= wanted:
            return float(bound)
    return None


def _by_name(counts: Mapping[str, int]) -> str:
    total = sum(counts.values())
    if not total:
        return "none yet"
    first = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:4]
    named = ", ".join(f"{count:,} {name}" for name, count in first)
    more = f", {len(counts) - len(first)} more kinds" if len(counts) > len(first) else ""
    return f"{total:,}: {named}{more}" if len(counts) > 1 else named


def _outcomes(rows: Sequence[Sequence[Any]]) -> str:
    counts: dict[str, int] = {}
    for _, status, count in rows:
        counts[status] = counts.get(status, 0) + count
    return _by_name(counts) if counts else ""


def _spread(histogram: Mapping[str, Any] | None) -> str:
    half = quantile(histogram or {}, 0.5)
    if histogram is None or half is None:
        return ""
    return f"half within {_bound(half, histogram)}, 95 % within {_bound(quantile(histogram, 0.95), histogram)}"


def _bound(value: float | None, histogram: Mapping[str, Any]) -> str:
    last = histogram["bounds"][-1]
    return in_words(value) if value is not None and value <= last else f"more than {in_words(last)}"


def _commits(snapshot: Mapping[str, Any]) -> str:
    rows, durations = snapshot.get("flush_rows", {}), snapshot.get("flush_duration", {})
    count = sum(rows.get("counts", ()))
    if not count:
        return ""
    took = durations["sum"] / max(sum(durations["counts"]), 1)
    return f"{count:,}, of {rows['sum'] / count:.1f} rows and {in_words(took)} on average"


def _troubles(snapshot: Mapping[str, Any]) -> str:
    troubles = {
        "leases lost": snapshot.get("leases_lost", 0),
        "runs lost to other workers": snapshot.get("runs_lost", 0),
        "outcomes that came too late": snapshot.get("late_outcomes", 0),
    }
    return ", ".join(f"{count:,} {words}" for words, count in troubles.items() if count) or "none"
