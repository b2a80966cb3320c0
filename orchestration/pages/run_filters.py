"""What the list of runs is narrowed to and sorted by, as it stands in its address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.http import QueryDict
from django.utils import timezone

from orchestration.actions.run_orders import NEWEST_FIRST, RunOrder
from orchestration.actions.run_search import RunSearch, as_uuid
from orchestration.engine.status import Status
from orchestration.models import Run

#: Times that are counted back from now, by their names in the address.
PERIODS: Final = {
    "hour": (timedelta(hours=1), "Last hour"),
    "day": (timedelta(days=1), "Last day"),
    "week": (timedelta(days=7), "Last week"),
}
_MAX_TEXT: Final = 200


@dataclass(frozen=True, slots=True)
class RunFilters:
    """What the list is narrowed to. Values that make no sense narrow nothing."""

    status: tuple[str, ...] = ()
    trigger: str = ""
    tree: UUID | None = None
    tag: str = ""
    requested_by: str = ""
    when: str = ""
    since: datetime | None = None
    until: datetime | None = None
    q: str = ""
    order: RunOrder = NEWEST_FIRST

    @classmethod
    def read(cls, query: QueryDict) -> RunFilters:
        """Read the filters of an address. A period that is counted back makes `since` and `until` void."""
        wanted = set(query.getlist("status"))
        trigger, when = query.get("trigger", ""), query.get("when", "")
        period = when if when in PERIODS else ""
        return cls(
            status=tuple(status.value for status in Status if status.value in wanted),
            trigger=trigger if trigger in Run.Trigger.values else "",
            tree=as_uuid(query.get("tree", "")),
            tag=_text(query, "tag"),
            requested_by=_text(query, "requested_by"),
            when=period,
            since=None if period else _moment(query.get("since", "")),
            until=None if period else _moment(query.get("until", "")),
            q=_text(query, "q"),
            order=RunOrder.read(query.get("sort", "")) or NEWEST_FIRST,
        )

    def __bool__(self) -> bool:
        return bool(self._narrowing())

    @property
    def has_more(self) -> bool:
        """True when something is narrowed that the page shows only when it is asked to."""
        return bool(self.tag or self.trigger or self.requested_by or self.since or self.until)

    def query(self) -> str:
        """Return the query of the list's address, the same for the same filters and order."""
        sort = {} if self.order == NEWEST_FIRST else {"sort": str(self.order)}
        return urlencode(self._narrowing() | sort, doseq=True)

    def search(self, username: str, now: datetime | None = None) -> RunSearch:
        """Return what is looked for; `username` is who `me` stands for."""
        return RunSearch(
            status=self.status,
            trigger=self.trigger,
            tree=self.tree,
            tag=self.tag,
            requested_by=username if self.requested_by == "me" else self.requested_by,
            since=(now or timezone.now()) - PERIODS[self.when][0] if self.when else self.since,
            until=self.until,
            q=self.q,
        )

    def for_api(self, now: datetime) -> dict[str, Any]:
        """Return the filters in the form of the HTTP API, a period as it is seen now."""
        plain = self._narrowing()
        if self.when:
            del plain["when"]
            plain["since"] = _written(now - PERIODS[self.when][0])
        return plain

    def _narrowing(self) -> dict[str, Any]:
        given = {
            "status": list(self.status),
            "trigger": self.trigger,
            "tree": str(self.tree) if self.tree else "",
            "tag": self.tag,
            "requested_by": self.requested_by,
            "when": self.when,
            "since": _written(self.since) if self.since else "",
            "until": _written(self.until) if self.until else "",
            "q": self.q,
        }
        return {name: value for name, value in given.items() if value}


def _text(query: QueryDict, name: str) -> str:
    return query.get(name, "").replace("\x00", "").strip()[:_MAX_TEXT]


def _moment(text: str) -> datetime | None:
    """Read a time; without a zone it is in UTC. None for what is none."""
    try:
        value = datetime.fromisoformat(text)
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _written(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
