"""Why a stream is refused or ends early: one error, told as an HTTP status, a close code or an error frame."""

from __future__ import annotations

import json


class StreamError(Exception):
    """A stream can't begin or go on. `close_code` is for WebSockets, `status` for HTTP."""

    def __init__(
        self, code: str, message: str, *, status: int, close_code: int, path: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.close_code = close_code
        self.error = {"code": code, "message": message, "path": path, "hint": hint}

    def __str__(self) -> str:
        return str(self.error["message"])

    @property
    def json(self) -> str:
        """The body of an HTTP answer."""
        return json.dumps({"error": self.error})


def signed_out() -> StreamError:
    """Build the error of a stranger, or of somebody who is no longer let in."""
    hint = "Sign in, or send Authorization: Bearer TOKEN."
    return StreamError("not_signed_in", "You are not signed in, or no longer.", status=401, close_code=4401, hint=hint)


def bad_token(message: str) -> StreamError:
    """Build the error of a token that is not valid."""
    return StreamError("not_signed_in", message, status=401, close_code=4401)


def no_such_run() -> StreamError:
    """Build the error of a run that is not there, or that may not be seen."""
    message = "There is no such run, or its tree is not shared with you."
    return StreamError("not_found", message, status=404, close_code=4404)


def too_many_streams(limit: int) -> StreamError:
    """Build the error of somebody who has too many streams."""
    message = f"You have {limit} streams open, which is as many as one user may have."
    hint = "Close some pages or programs, and try again in a minute."
    return StreamError("too_many", message, status=429, close_code=4429, hint=hint)


def bad_message(message: str) -> StreamError:
    """Build the error of a message that could not be read."""
    return StreamError("unreadable", message, status=400, close_code=4400)


def bad_parameter(name: str, message: str) -> StreamError:
    """Build the error of a query parameter that can't be used."""
    return StreamError("unreadable", message, status=400, close_code=4400, path=f"$.{name}")


def unavailable() -> StreamError:
    """Build the error of a database that does not answer."""
    message = "The database does not answer."
    return StreamError("database_away", message, status=503, close_code=1011, hint="Try again in a few seconds.")
