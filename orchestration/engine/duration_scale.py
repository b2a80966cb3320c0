"""A scale of durations on which calls are counted: three steps to a doubling, from a millisecond on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

_STEPS: Final = 3


def bucket_of(milliseconds: float, size: int) -> int:
    """Return the place of a duration on a scale of `size` steps; what is longer than the scale is in the last."""
    return 0 if milliseconds <= 1 else min(math.ceil(math.log2(milliseconds) * _STEPS), size - 1)


def percentile(buckets: Sequence[int], share: float) -> float | None:
    """Return the duration, in milliseconds, that `share` of the calls did not exceed; None when there were none.

    It is the upper end of a bucket, so at most 26 % too much.
    """
    wanted = sum(buckets) * share
    if not wanted:
        return None
    seen = 0
    for index, count in enumerate(buckets):
        seen += count
        if seen >= wanted:
            return float(2 ** (index / _STEPS))
    return None


def added(one: Sequence[int], other: Sequence[int]) -> list[int]:
    """Add two counts on the same scale up."""
    return [first + second for first, second in zip(one, other, strict=True)]
