"""How the web process is started."""

from __future__ import annotations

from typing import Any, Final

from .readiness import READY, tell_systemd

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


def serve_web(host: str, port: int) -> None:
    """Serve pages, API and live streams in this process, until SIGTERM or SIGINT. Exits with 1 when it can't listen."""
    # Imported here: it puts an event loop of its own in place.
    from daphne.cli import CommandLineInterface
    from daphne.server import Server

    class ReadyServer(Server):  # type: ignore[misc]  # daphne is untyped
        """Says when it listens."""

        def __init__(self, **options: Any) -> None:
            super().__init__(**options, ready_callable=lambda: tell_systemd(READY))

    class Interface(CommandLineInterface):  # type: ignore[misc]
        """Reads the arguments that `start` gives to daphne as well."""

        server_class = ReadyServer

    Interface().run(list(daphne_arguments(host, port)))
