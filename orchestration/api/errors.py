"""Every error of the API, in its one shape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from django.contrib.auth.models import Group, User
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from orchestration.access import Refused
from orchestration.actions.conflicts import conflict_text
from orchestration.actions.hooks import HookInCodeError, HooksChangedError
from orchestration.actions.keeping import VersionNotFoundError
from orchestration.engine.errors import (
    InvalidDefinitionError,
    NotPossibleError,
    NotStorableError,
    OrchestrationError,
    Problem,
    RunNotFoundError,
    TaskNotFoundError,
    VersionConflictError,
)
from orchestration.engine.json_values import path_join
from orchestration.models import (
    ApiToken,
    Backfill,
    HookRegistration,
    HttpExecutor,
    IncomingWebhook,
    OutgoingWebhook,
    Run,
    RunView,
    Schedule,
    Secret,
    Tree,
    WebhookDelivery,
)

#: Seconds after which a client may try again while the database is away.
_RETRY_AFTER: Final = 2


class ApiError(Exception):
    """An answer that is an error; `more` holds further fields of it."""

    def __init__(self, status: int, code: str, message: str, *, path: str = "", hint: str = "", **more: Any) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.path, self.hint, self.more = path, hint, more

    def as_json(self) -> dict[str, Any]:
        """Return the body."""
        optional = {"path": self.path, "hint": self.hint}
        said = {key: value for key, value in optional.items() if value}
        return {"error": {"code": self.code, "message": self.message, **said, **self.more}}


def not_found(what: str) -> ApiError:
    """Say that there is no such thing, or that it may not be seen."""
    return ApiError(404, "not_found", f"There is no such {what}, or it is not shared with you.")


def forbidden(message: str) -> ApiError:
    """Say that the caller sees the thing and may not do this with it."""
    return ApiError(403, "forbidden", message)


def invalid(problems: Sequence[Problem]) -> ApiError:
    """List what is wrong with what was sent."""
    first = problems[0]
    message = str(first) if len(problems) == 1 else f"{len(problems)} problems; the first: {first}"
    listed = [{"path": problem.path, "message": problem.message} for problem in problems]
    return ApiError(422, "invalid", message, path=first.path, problems=listed)


def too_large() -> ApiError:
    """Say that the body is over the limit."""
    return ApiError(413, "too_large", "The body is too large; it may have 10 MiB.")


def database_away() -> ApiError:
    """Say that the database does not answer."""
    return ApiError(503, "database_away", "The database does not answer; try again in a moment.")


def translate(error: Exception) -> ApiError | None:
    """Return the answer to an error that is the caller's or the database's; None for a fault of ours."""
    if isinstance(error, ApiError):
        return error
    conflict = conflict_text(error)
    if conflict is not None:
        return ApiError(409, "conflict", conflict)
    for kind, make in _TRANSLATIONS.items():
        if isinstance(error, kind):
            return make(error)
    return None


def _of_http(error: HttpError) -> ApiError:
    """The parser's own errors come wrapped, and what they say is in their cause."""
    cause = translate(error.__cause__) if isinstance(error.__cause__, Exception) else None
    if cause is not None:
        return cause
    code = "not_signed_in" if error.status_code == 401 else "unreadable"
    return ApiError(error.status_code, code, str(error))


def _of_validation(error: ValidationError) -> ApiError:
    problems = [_problem(item) for item in error.errors]
    sources = {item["loc"][0] for item in error.errors if item.get("loc")}
    if "path" in sources:
        return not_found("thing")
    if sources & {"query", "header"}:
        return ApiError(400, "unreadable", str(problems[0]), path=problems[0].path, problems=_plain(problems))
    return invalid(problems)


def _of_conflict(error: VersionConflictError) -> ApiError:
    hint = "Load it again, put your change on top of it, and save that; or send If-Match: * to overwrite."
    return ApiError(409, "version_conflict", str(error), hint=hint, expected=error.expected, current=error.current)


def _missing(error: OrchestrationError) -> ApiError:
    return ApiError(404, "not_found", f"{error}.")


def _plain(problems: Sequence[Problem]) -> list[dict[str, str]]:
    return [{"path": problem.path, "message": problem.message} for problem in problems]


def _problem(item: dict[str, Any]) -> Problem:
    """The location starts with the source and the name of the view's argument, which mean nothing to the caller."""
    source, *place = item.get("loc") or ("body",)
    path = "$"
    for part in place[1:] if source == "body" else place:
        path = path_join(path, part)
    return Problem(path, str(item.get("msg", "is not valid")))


_TRANSLATIONS: Final[dict[type[Exception], Callable[[Any], ApiError]]] = {
    Refused: lambda error: ApiError(401, "not_signed_in", str(error)),
    Http404: lambda error: not_found("thing"),
    # Deleted by somebody else between being found and being locked.
    Tree.DoesNotExist: lambda error: not_found("tree"),
    Run.DoesNotExist: lambda error: not_found("run"),
    HookRegistration.DoesNotExist: lambda error: not_found("hook"),
    HooksChangedError: lambda error: ApiError(409, "version_conflict", str(error)),
    HookInCodeError: lambda error: ApiError(409, "not_possible", str(error)),
    Schedule.DoesNotExist: lambda error: not_found("schedule"),
    Backfill.DoesNotExist: lambda error: not_found("backfill"),
    OutgoingWebhook.DoesNotExist: lambda error: not_found("webhook"),
    IncomingWebhook.DoesNotExist: lambda error: not_found("webhook"),
    WebhookDelivery.DoesNotExist: lambda error: not_found("delivery"),
    Secret.DoesNotExist: lambda error: not_found("secret"),
    User.DoesNotExist: lambda error: not_found("user"),
    Group.DoesNotExist: lambda error: not_found("group"),
    HttpExecutor.DoesNotExist: lambda error: not_found("executor"),
    ApiToken.DoesNotExist: lambda error: not_found("token"),
    RunView.DoesNotExist: lambda error: not_found("view"),
    VersionConflictError: _of_conflict,
    VersionNotFoundError: _missing,
    TaskNotFoundError: _missing,
    RunNotFoundError: _missing,
    InvalidDefinitionError: lambda error: invalid(error.problems),
    NotPossibleError: lambda error: ApiError(409, "not_possible", str(error)),
    NotStorableError: lambda error: invalid([Problem("$", str(error))]),
    OrchestrationError: lambda error: invalid([Problem("$", str(error))]),
    ValidationError: _of_validation,
    HttpError: _of_http,
    RequestDataTooBig: lambda error: too_large(),
    TooManyFieldsSent: lambda error: ApiError(413, "too_large", "The request has too many fields."),
    OperationalError: lambda error: database_away(),
    InterfaceError: lambda error: database_away(),
}


def add_error_handlers(api: NinjaAPI) -> None:
    """Let every error that is not a fault of ours be answered in the one shape."""

    def answer(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
        said = translate(error) if isinstance(error, Exception) else None
        if said is None:
            raise error
        response = api.create_response(request, said.as_json(), status=said.status)
        if said.status == 503:
            response.headers["Retry-After"] = str(_RETRY_AFTER)
        if said.status == 401:
            response.headers["WWW-Authenticate"] = "Bearer"
        return response

    kinds: tuple[type[Exception], ...] = (Exception, ApiError, *_TRANSLATIONS)
    for kind in kinds:
        api.add_exception_handler(kind, answer)
