"""The two ways in which a client gets frames: an event stream, and asking again and again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

from .errors import NoAnswerError
from .sse import EventStream
from .transport import Transport, segment

Frame = dict[str, Any]
#: What a reader has seen; asked anew before each request.
Seen = Callable[[], int | None]

#: A ping comes every 15 seconds; three that are missing are a dead line.
SILENCE_SECONDS: Final = 45.0
_POLL_SECONDS: Final = 1.0
_POLL_LIMIT: Final = 500
_POLLS: Final = 120


#: Comes first when a stream was let in.
OPENED: Final[Frame] = {"type": "opened"}


class NoStreamError(Exception):
    """Event streams do not get through here."""


def streamed(transport: Transport, run_id: str, seen: Seen, silence_seconds: float) -> Iterator[Frame]:
    """Yield the frames of one event stream until the server has had enough. Raises ClientError, NoStreamError."""
    events = EventStream()
    with transport.stream(_path(run_id), {"after": seen()}, silence_seconds=silence_seconds) as response:
        if not response.headers.get("Content-Type", "").startswith("text/event-stream"):
            raise NoStreamError
        yield OPENED
        for piece in response.iter_bytes():
            for data in events.feed(piece):
                yield _checked(_read(data))


def polled(transport: Transport, run_id: str, seen: Seen) -> Iterator[Frame]:
    """Yield frames by asking for what is behind the cursor, with a pause when there is nothing. Raises ClientError.

    It ends after a while: what kept event streams from getting through may be gone by then.
    """
    for _ in range(_POLLS):
        before = seen()
        yield _checked(transport.get(_path(run_id), {"after": before, "limit": _POLL_LIMIT}))
        if seen() == before:
            transport.sleep(_POLL_SECONDS)


def _read(data: str) -> Frame:
    try:
        frame = json.loads(data)
    except ValueError as error:
        raise NoAnswerError("The stream brought something that is not JSON.") from error
    return frame if isinstance(frame, dict) else {}


def _path(run_id: str) -> str:
    return f"/runs/{segment(run_id)}/events"


def _checked(frame: Frame) -> Frame:
    """Return a frame. Raises NoAnswerError for the one that says that the server can't go on.

    Whether it is for good is told by the status with which the next request is answered.
    """
    if frame.get("type") == "error":
        raise NoAnswerError(str(frame.get("error", {}).get("message", "The server ended the stream.")))
    return frame
