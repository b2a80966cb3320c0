"""What can go wrong between a program and the server. Each message is a sentence for a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

#: Answers after which the same request may well succeed.
PASSING_STATUSES: Final = frozenset({429, 502, 503, 504})


class ClientError(Exception):
    """Something between this program and the server went wrong; `hint` says what may be done about it."""

    hint: str = ""

    @property
    def is_passing(self) -> bool:
        """Tell whether trying again later may help."""
        return False


class NoAnswerError(ClientError):
    """The server can't be reached, or the line broke."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    @property
    def is_passing(self) -> bool:
        """A server may come back."""
        return True


class UnexpectedAnswerError(ClientError):
    """What answers is not an apflow server, or something stands between it and us."""

    hint = "Check the address: it is that of the site, such as http://127.0.0.1:8000."

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint or self.hint


class MissingError(ClientError):
    """Nothing has that name or that id."""


class AmbiguousError(ClientError):
    """Several things have that name, or ids that begin so."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with what was sent."""

    path: str
    message: str


class ApiError(ClientError):
    """An error that the server answered: what docs/reference/http-api.md calls the form of an error.

    `retry_after` is the pause in seconds that the server asks for, 0 when it asks for none; `more` holds fields that
    belong to this code alone, such as `expected` and `current` of a version conflict.
    """

    def __init__(self, status: int, error: dict[str, Any], retry_after: float = 0.0) -> None:
        rest = dict(error)
        self.status = status
        self.code = str(rest.pop("code", "unknown"))
        self.message = str(rest.pop("message", f"The server answered {status}."))
        self.path = str(rest.pop("path", ""))
        self.hint = str(rest.pop("hint", ""))
        self.problems = [
            Problem(str(item.get("path", "")), str(item.get("message", ""))) for item in rest.pop("problems", ())
        ]
        self.retry_after = retry_after
        self.more = rest
        super().__init__(self.message)

    @property
    def is_passing(self) -> bool:
        """Tell whether the server only asks to wait."""
        return self.status in PASSING_STATUSES
