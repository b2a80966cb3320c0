"""Tells systemd how a service is: the protocol of sd_notify(3), a datagram to the socket that it names."""

from __future__ import annotations

import os
import socket
from typing import Final

READY: Final = "READY=1"
STOPPING: Final = "STOPPING=1"


def tell_systemd(state: str) -> None:
    """Send a state; nothing happens where nobody listens, and a socket that is gone is no reason to fail."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    # An @ stands for the zero byte of an abstract name.
    name = f"\0{address[1:]}" if address.startswith("@") else address
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
            line.connect(name)
            line.sendall(state.encode())
    except OSError:
        pass
