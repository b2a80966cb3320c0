"""Schedules as a calendar feed (iCalendar, RFC 5545)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from orchestration.access import Actor
from orchestration.actions.calendar_feeds import close_feed, make_feed, user_of_feed
from orchestration.actions.schedule_preview import MAX_PLANNED, Planned, planned

from .access import PageRequest, page
from .schedule_lines import IN_CALENDAR, due_first, listed_schedules

#: Days that a feed looks ahead.
FEED_DAYS: Final = 60
_LINE_BYTES: Final = 75
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@require_POST
@page
def calendar_feed(request: PageRequest) -> HttpResponse:
    """Make the feed's address, and show it in this one answer; or close the feed."""
    if request.POST.get("close") == "true":
        close_feed(request.user)
        return redirect("schedules")
    secret = make_feed(request.user)
    address = request.build_absolute_uri(f"/schedules/ical/{secret}.ics")
    return render(request, "pages/calendar_feed.html", {"section": "schedules", "address": address})


@require_safe
@never_cache
def calendar_file(request: HttpRequest, token: str) -> HttpResponse:
    """Send what the schedules will do that the feed's owner sees."""
    user = user_of_feed(token)
    if user is None:
        raise Http404("There is no such calendar.")
    schedules, left_out = due_first(listed_schedules(Actor(user)))
    moments = planned(schedules, FEED_DAYS)
    site = request.build_absolute_uri("/").rstrip("/")
    lines = calendar_lines(moments, site, _what_it_holds(moments, left_out))
    response = HttpResponse("".join(lines), content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = 'inline; filename="schedules.ics"'
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _what_it_holds(moments: list[Planned], left_out: int) -> str:
    """Say what a feed holds and what not."""
    counts = Counter(item.schedule.pk for item in moments)
    often = sum(count >= MAX_PLANNED for count in counts.values())
    said = f"What the schedules do that you see, for {FEED_DAYS} days."
    if left_out:
        said += f" Only the {IN_CALENDAR} that are due first are in it: {left_out} more will fire."
    if often:
        said += f" Of {often} that fire more often only the first {MAX_PLANNED} moments are in it."
    return said


def calendar_lines(moments: list[Planned], site: str, description: str) -> Iterator[str]:
    """Yield the lines of a calendar. Each moment is an event of its own: no rule of RFC 5545 says what cron does."""
    now = _stamp(timezone.now())
    yield from map(_folded, ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//apflow//schedules//EN"))
    yield from map(_folded, ("X-WR-CALNAME:Schedules", "REFRESH-INTERVAL;VALUE=DURATION:PT1H"))
    said: dict[UUID, str] = {}
    # The name of RFC 7986, and the one that programs read.
    yield from (_folded(f"{name}:{_escaped(description)}") for name in ("DESCRIPTION", "X-WR-CALDESC"))
    for item in moments:
        schedule = item.schedule
        if schedule.pk not in said:
            said[schedule.pk] = _escaped(f"{schedule.tree.name}, {schedule.words}")
        yield from map(
            _folded,
            (
                "BEGIN:VEVENT",
                f"UID:{schedule.pk}-{_stamp(item.at)}@apflow",
                f"DTSTAMP:{now}",
                f"DTSTART:{_stamp(item.at)}",
                f"SUMMARY:{_escaped(schedule.name)}",
                f"DESCRIPTION:{said[schedule.pk]}",
                f"URL:{site}{schedule.get_absolute_url()}",
                "TRANSP:TRANSPARENT",
                "END:VEVENT",
            ),
        )
    yield _folded("END:VCALENDAR")


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _escaped(text: str) -> str:
    plain = _CONTROL.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n"))
    for character in ("\\", ";", ","):
        plain = plain.replace(character, f"\\{character}")
    return plain.replace("\n", "\\n")


def _folded(line: str) -> str:
    """Break a line at 75 bytes, as the standard asks, between characters."""
    parts: list[str] = []
    part = ""
    for character in line:
        # A line that goes on begins with a space.
        if len((part + character).encode()) > _LINE_BYTES - (1 if parts else 0):
            parts.append(part)
            part = ""
        part += character
    return "\r\n ".join([*parts, part]) + "\r\n"
