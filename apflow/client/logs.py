"""Reading the log lines of a run by their cursor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, cast

from .documents import ENDED, LogLine, LogPage
from .errors import ClientError
from .follow import until_answered
from .transport import Transport, segment

_LIMIT: Final = 1000
_POLL_SECONDS: Final = 0.5


class LogReader:
    """Reads the lines of a run behind `after`, of one task or of all, from a level up."""

    def __init__(
        self,
        transport: Transport,
        run_id: str,
        *,
        after: int,
        task: str | None,
        level: str | None,
        on_away: Callable[[ClientError], None],
    ) -> None:
        self._transport = transport
        self._path = f"/runs/{segment(run_id)}"
        self._after = after
        self._filters = {"task": task, "level": level}
        self._on_away = on_away
        self._is_patient = False

    def rest(self) -> Iterator[LogLine]:
        """Yield the lines that are there."""
        is_last = False
        while not is_last:
            page = self._page()
            is_last = page["next"] is None
            for line in page["items"]:
                self._after = line["id"]
                yield line

    def follow(self) -> Iterator[LogLine]:
        """Yield lines until the run has ended and all were read; a server that is away is waited for."""
        self._is_patient = True
        while True:
            # Read before the lines, so that those of its last moment are not missed.
            has_ended = self._get(self._path)["status"] in ENDED
            yield from self.rest()
            if has_ended:
                return
            self._transport.sleep(_POLL_SECONDS)

    def _page(self) -> LogPage:
        query = {**self._filters, "after": self._after, "limit": _LIMIT}
        return cast(LogPage, self._get(f"{self._path}/logs", query))

    def _get(self, path: str, query: dict[str, Any] | None = None) -> Any:
        if not self._is_patient:
            return self._transport.get(path, query)
        return until_answered(lambda: self._transport.get(path, query), self._transport.sleep, self._on_away)
