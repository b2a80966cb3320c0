"""What is to be done about a schedule that is due: which moments fire, which were missed, and when it is due next."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

from .schedule_timing import Timing

Misfire = Literal["skip", "once", "catch_up"]
MISFIRES: Final[tuple[Misfire, ...]] = ("skip", "once", "catch_up")
#: A fire that comes later than this was missed: no worker was there.
GRACE: Final = timedelta(seconds=60)
#: Moments that are fired in one go, and missed ones that are counted one by one.
BATCH: Final = 100
MAX_COUNTED: Final = 10_000
MAX_CATCH_UP: Final = 100
_MICRO: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Policy:
    """How a schedule treats time: `catch_up` is how many missed moments are made up for, the latest ones.

    `jitter_seconds` delays each fire by up to so much: always the same for a moment of a schedule, whose `key` it is.
    """

    misfire: str = "once"
    catch_up: int = 1
    jitter_seconds: int = 0
    key: str = ""

    def delay(self, due: datetime) -> timedelta:
        """Return the delay of a moment."""
        if not self.jitter_seconds:
            return timedelta()
        digest = hashlib.sha256(f"{self.key} {due.timestamp()}".encode()).digest()
        return timedelta(milliseconds=int.from_bytes(digest[:6], "big") % (self.jitter_seconds * 1000 + 1))

    @property
    def kept(self) -> int:
        """How many missed moments fire after all."""
        return {"skip": 0, "once": 1}.get(self.misfire, self.catch_up)


@dataclass(frozen=True, slots=True)
class Missed:
    """Moments that passed while no worker was there; `count` stops at MAX_COUNTED."""

    first: datetime
    last: datetime
    count: int


@dataclass(slots=True)
class Plan:
    """What to do now. `late` are those of `fires` that make up for a missed moment."""

    fires: list[datetime] = field(default_factory=list)
    late: frozenset[datetime] = frozenset()
    missed: Missed | None = None
    next_due: datetime | None = None


def plan_due(
    timing: Timing,
    due: datetime,
    now: datetime,
    policy: Policy,
    left: int | None = None,
    fire_at: datetime | None = None,
) -> Plan:
    """Plan for a schedule whose next moment is `due`; `left` is how many more fires it may have (None: no limit).

    `fire_at` is when that moment was to fire, if not by the delay of the policy: nobody is late for it before.
    """
    plan = Plan()
    cursor = due - _MICRO
    # Nothing in here can still be on time, whatever its delay.
    cutoff = now - GRACE - timedelta(seconds=policy.jitter_seconds)
    if due <= cutoff and (fire_at is None or fire_at <= now - GRACE):
        made_up = timing.latest(cursor, cutoff, policy.kept if left is None else min(policy.kept, left))
        plan.fires, plan.late = made_up, frozenset(made_up)
        plan.missed = _missed(timing, cursor, made_up[0] - _MICRO if made_up else cutoff)
        cursor = cutoff
    room = BATCH if left is None else min(BATCH, left - len(plan.fires))
    for moment in timing.times(cursor):
        if room <= 0 or moment + policy.delay(moment) > now:
            plan.next_due = moment
            break
        plan.fires.append(moment)
        room -= 1
    return plan


def _missed(timing: Timing, after: datetime, until: datetime) -> Missed | None:
    first = last = None
    count = 0
    for moment in timing.times(after):
        if moment > until:
            break
        first, last, count = first or moment, moment, count + 1
        if count == MAX_COUNTED:
            last = timing.latest(after, until, 1)[0]
            break
    return Missed(first, last, count) if first and last else None
