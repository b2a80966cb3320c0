"""Telling that a server is waited for: once for each time that it is away."""

from __future__ import annotations

from apflow.client import ClientError

from .screen import Screen


class AwayNotice:
    """Called with each error that is waited out; `over` is called when the server has answered again."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._is_told = False

    def __call__(self, error: ClientError) -> None:
        """Tell it, if it has not been told."""
        if not self._is_told:
            self._screen.complain(f"{error} Waiting for it …")
        self._is_told = True

    def over(self) -> None:
        """Tell the next time again."""
        self._is_told = False
