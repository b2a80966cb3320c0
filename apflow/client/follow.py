"""Following a run through restarts, cuts and proxies: every event once, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from .cursor import Cursor, GapError, Item
from .errors import ApiError, ClientError
from .patience import Backoff
from .transport import Transport
from .ways import OPENED, SILENCE_SECONDS, Frame, NoStreamError, polled, streamed

T = TypeVar("T")

#: Streams in a row that were refused, or broke before their first frame, after which the run is polled.
_MAX_MUTE_STREAMS: Final = 3


def tell_nobody(_error: ClientError) -> None:
    """Let an error that is waited out pass without a word."""


class Follower:
    """Yields what happens to one run until it has ended.

    `after` is the `seq` of the last event that is known; None begins with a snapshot. `on_away` is told of each error
    that is waited out.
    """

    def __init__(
        self,
        transport: Transport,
        run_id: str,
        after: int | None = None,
        *,
        on_away: Callable[[ClientError], None] = tell_nobody,
        backoff: Backoff | None = None,
        silence_seconds: float = SILENCE_SECONDS,
    ) -> None:
        self.cursor = Cursor(after)
        self._transport = transport
        self._run_id = run_id
        self._on_away = on_away
        self._backoff = backoff or Backoff()
        self._silence_seconds = silence_seconds
        self._mute_streams = 0
        self._gaps = 0

    def items(self) -> Iterator[Item]:
        """Yield snapshots, events and the end. Raises ClientError for what waiting can't mend."""
        while True:
            try:
                for frame in self._frames():
                    yield from self._taken(frame)
                    if frame.get("type") == "end":
                        return
            except GapError:
                self._gaps += 1
            except NoStreamError:
                self._mute_streams = _MAX_MUTE_STREAMS
                continue
            except ClientError as error:
                self._mute_streams += isinstance(error, ApiError)
                wait_out(error, self._backoff, self._transport.sleep, self._on_away)
                continue
            self._transport.sleep(self._backoff.pause())

    def _taken(self, frame: Frame) -> Iterator[Item]:
        for item in self.cursor.take(frame):
            self._gaps = 0
            self._backoff.reset()
            yield item

    def _frames(self) -> Iterator[Frame]:
        if self._mute_streams < _MAX_MUTE_STREAMS:
            yield from self._streamed()
        else:
            yield from polled(self._transport, self._run_id, self._after)
            self._mute_streams = _MAX_MUTE_STREAMS - 1

    def _streamed(self) -> Iterator[Frame]:
        """Count the streams that bring nothing: a proxy that holds them back lets them begin."""
        for frame in streamed(self._transport, self._run_id, self._after, self._silence_seconds):
            self._mute_streams = self._mute_streams + 1 if frame is OPENED else 0
            yield frame

    def _after(self) -> int | None:
        """A gap is asked for again once; where that brings a gap again, a snapshot closes it."""
        return None if self._gaps > 1 else self.cursor.seq


def wait_out(
    error: ClientError,
    backoff: Backoff,
    sleep: Callable[[float], None],
    on_away: Callable[[ClientError], None] = tell_nobody,
) -> None:
    """Pause after an error that will pass; raise any other one."""
    if not error.is_passing:
        raise error
    on_away(error)
    sleep(backoff.pause(getattr(error, "retry_after", 0.0)))


def until_answered(
    ask: Callable[[], T], sleep: Callable[[float], None], on_away: Callable[[ClientError], None] = tell_nobody
) -> T:
    """Return what `ask` returns, asking again for as long as the server is away."""
    backoff = Backoff()
    while True:
        try:
            return ask()
        except ClientError as error:
            wait_out(error, backoff, sleep, on_away)
