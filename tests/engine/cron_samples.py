"""Expressions of cron that are drawn field by field, each with what it means as sets and rules of days.

Nothing is read here: a field is written and told at once, so that what it means is not computed as the product does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

from .schedule_model import Days

_MONTHS: Final = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
#: As cron counts them; 7 is Sunday too.
_WEEKDAYS: Final = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]


@dataclass(frozen=True, slots=True)
class Cron:
    """An expression, and what it means."""

    text: str
    minutes: frozenset[int]
    hours: frozenset[int]
    days: Days


def draw_cron(random: Random, *, is_fixed: bool) -> Cron:
    """Draw an expression: one that names hours and minutes, or one that begins with `*` in one of them at least."""
    stars = (False, False) if is_fixed else random.choice([(True, False), (False, True), (True, True)])
    minute, minutes = _numbers(random, 0, 59, stars[0])
    # Most clocks leap at night.
    hour, hours = _numbers(random, 0, random.choice([3, 23]), stars[1], 23)
    month, months = ("*", set(range(1, 13))) if random.random() < 0.6 else _months(random)
    (day, is_day), (weekday, is_weekday) = _monthdays(random), _weekdays(random)
    both = day.startswith("*") or weekday.startswith("*")

    def days(on: date) -> bool:
        fits = (is_day(on), is_weekday(on))
        return on.month in months and (all(fits) if both else any(fits))

    return Cron(f"{minute} {hour} {day} {month} {weekday}", frozenset(minutes), frozenset(hours), days)


def _numbers(random: Random, low: int, high: int, star: bool, top: int | None = None) -> tuple[str, set[int]]:
    """Draw a field of numbers from `low` to `high`; `top` is the highest that the field can have."""
    top = high if top is None else top
    step = random.randint(2, max((high - low) // 2, 2))
    if star:
        return random.choice([("*", set(range(low, top + 1))), (f"*/{step}", set(range(low, top + 1, step)))])
    first, last = sorted(random.sample(range(low, high + 1), 2))
    listed = random.sample(range(low, high + 1), random.randint(1, 3))
    return random.choice(
        [
            (str(first), {first}),
            (",".join(map(str, listed)), set(listed)),
            (f"{first}-{last}", set(range(first, last + 1))),
            (f"{first}-{last}/{step}", set(range(first, last + 1, step))),
            (f"{first}/{step}", set(range(first, top + 1, step))),
        ]
    )


def _months(random: Random) -> tuple[str, set[int]]:
    named = random.sample(range(1, 13), random.randint(1, 3))
    return random.choice(
        [_numbers(random, 1, 12, random.random() < 0.3), (",".join(_MONTHS[month - 1] for month in named), set(named))]
    )


def _monthdays(random: Random) -> tuple[str, Days]:
    text, numbers = _numbers(random, 1, 31, random.random() < 0.4)
    with_last = f"{text},L"
    return random.choice(
        [
            (text, lambda on: on.day in numbers),
            (text, lambda on: on.day in numbers),
            (with_last, lambda on: on.day in numbers or _is_last(on)),
            ("L", _is_last),
        ]
    )


def _is_last(on: date) -> bool:
    return (on + timedelta(days=1)).day == 1


def _weekdays(random: Random) -> tuple[str, Days]:
    text, numbers = _numbers(random, 0, 7, random.random() < 0.5)
    listed = random.sample(range(7), random.randint(1, 3))
    day, number = random.randrange(7), random.randint(1, 5)
    drawn: list[tuple[str, Days]] = [
        (text, _on_weekdays(numbers)),
        (text, _on_weekdays(numbers)),
        (",".join(_WEEKDAYS[one] for one in listed), _on_weekdays(set(listed))),
        (f"{day}L", _both(_on_weekdays({day}), lambda on: (on + timedelta(days=7)).month != on.month)),
        (f"{day}#{number}", _both(_on_weekdays({day}), lambda on: 7 * number - 6 <= on.day <= 7 * number)),
    ]
    return random.choice(drawn)


def _on_weekdays(numbers: set[int]) -> Days:
    named = {number % 7 for number in numbers}
    return lambda on: on.isoweekday() % 7 in named


def _both(one: Days, other: Callable[[date], bool]) -> Days:
    return lambda on: one(on) and other(on)
