"""Retry policies and their backoff maths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

Backoff = Literal["fixed", "linear", "exponential"]
BACKOFFS: Final[tuple[str, ...]] = get_args(Backoff)

#: The least and the most that people may write: attempts, seconds of a delay, the share that chance has.
ATTEMPTS: Final = (1, 100)
DELAY_SECONDS: Final = (0, 86_400)
JITTER: Final = (0, 1)
#: How often a task may lose its worker before it is taken for the cause.
MAX_WORKER_LOSSES: Final = 3
#: Error types that no retry will cure.
NEVER_RETRIED: Final = frozenset({"validation_error", "dependency_failed", "outcome_unknown"})


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how soon a failed task is tried again.

    `max_attempts` counts the first attempt; `base_seconds` is the first delay; `cap_seconds` bounds every delay;
    `jitter` is the share of the delay (0 to 1) that chance may add or take away.
    """

    max_attempts: int = 1
    backoff: Backoff = "exponential"
    base_seconds: float = 1.0
    cap_seconds: float = 300.0
    jitter: float = 0.1

    def delay_seconds(self, failures: int, chance: float) -> float:
        """Return the seconds to wait after the `failures`-th failed attempt (1, 2, …).

        `chance` is a number in [0, 1) from the caller's random source; 0.5 adds nothing.
        """
        if self.backoff == "fixed":
            plain = self.base_seconds
        elif self.backoff == "linear":
            plain = self.base_seconds * failures
        else:
            # 2**1000 is no float any more; past 64 doublings every cap is reached.
            plain = self.base_seconds * 2.0 ** min(failures - 1, 64)
        capped = min(plain, self.cap_seconds)
        return min(capped * (1 + self.jitter * (2 * chance - 1)), self.cap_seconds)

    def allows_another(self, attempts: int) -> bool:
        """Tell whether a task that has failed `attempts` counted attempts may be tried once more."""
        return attempts < self.max_attempts


def is_retryable(error_type: str | None, retryable: bool | None, *, raised: bool) -> bool:
    """Decide by kind whether a failure may be retried at all.

    `retryable` is what the executor said (None when it said nothing); `raised` is True for exceptions, timeouts and
    the like, and False for a failure that the executor returned.
    """
    if retryable is False or error_type in NEVER_RETRIED:
        return False
    return raised or retryable is True
