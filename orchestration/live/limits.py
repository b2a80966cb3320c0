"""The figures of the live stream, in one place."""

from __future__ import annotations

from typing import Final

#: Seconds between two frames to one watcher, and between two looks at the database: 20 a second.
FRAME_SECONDS: Final = 0.05
#: Seconds between two looks when nobody has told of anything: a lost notification costs that much.
POLL_SECONDS: Final = 1.0
#: Seconds of silence after which a watcher gets a sign of life.
PING_SECONDS: Final = 15.0
#: Seconds between two looks at what a watcher may still see.
RECHECK_SECONDS: Final = 5.0

#: Who misses more events than this gets the whole state instead; no frame has more.
MAX_MISSING: Final = 2_000
#: Frames to one WebSocket that it has not acknowledged.
WINDOW_FRAMES: Final = 16
#: Streams of one user, in one web process.
MAX_STREAMS: Final = 50

#: Log lines of one frame, and seconds between two looks for more.
LOG_LINES: Final = 500
LOG_SECONDS: Final = 0.5

#: Seconds between two looks at the overview, and between two when no run has moved (workers say nothing).
OVERVIEW_SECONDS: Final = 1.0
IDLE_OVERVIEW_SECONDS: Final = 5.0

#: An event stream ends by itself after so long, or after so much: what a client that does not read has left waiting
#: in the server is bounded by it. The client comes back with its cursor.
SSE_SECONDS: Final = 600.0
SSE_BYTES: Final = 8 * 1024**2

#: A message of a client is never longer.
MESSAGE_CHARS: Final = 4_096
