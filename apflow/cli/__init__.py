"""The `apflow` command: what people and shell scripts ask of a server.

Its guide is docs/how-to/use-the-command-line.md.
"""

from __future__ import annotations

from .main import main

__all__ = ["main"]
