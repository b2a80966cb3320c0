"""How the web process is started."""

from __future__ import annotations

from typing import Final

#: As large as a document may be. The server holds what it sends to the same limit as what it gets, and the first
#: frame of a run with 5,000 tasks has more than the 1 MiB that it would allow by itself.
MAX_MESSAGE_BYTES: Final = 16 * 1024 * 1024


def daphne_arguments(host: str, port: int) -> tuple[str, ...]:
    """Return the arguments of `python -m daphne` for an address."""
    size = str(MAX_MESSAGE_BYTES)
    return (
        *("-b", host, "-p", str(port), "-v", "0", "--no-server-name"),
        *("--websocket-max-message-size", size, "--websocket-max-frame-size", size),
        "apflow_site.asgi:application",
    )
