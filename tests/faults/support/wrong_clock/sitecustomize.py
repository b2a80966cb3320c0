"""Put on PYTHONPATH, it makes a process's wall clock wrong by FAULT_CLOCK_SECONDS. The monotonic clock stays right."""

from __future__ import annotations

import datetime
import os
import time
from typing import Any

_shift = float(os.environ.get("FAULT_CLOCK_SECONDS", "0"))
_time, _real = time.time, datetime.datetime


class _AnyDatetime(type):
    """Real datetimes, which C code makes, count as instances of the wrong class too."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _real)


class _Wrong(_real, metaclass=_AnyDatetime):  # type: ignore[valid-type, misc]
    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return _real.now(tz) + datetime.timedelta(seconds=_shift)

    @classmethod
    def utcnow(cls) -> Any:
        return cls.now(datetime.UTC).replace(tzinfo=None)

    @classmethod
    def today(cls) -> Any:
        return cls.now()


if _shift:
    time.time = lambda: _time() + _shift
    time.time_ns = lambda: int((_time() + _shift) * 1e9)
    datetime.datetime = _Wrong  # type: ignore[misc]
