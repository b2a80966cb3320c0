"""What an attempt produced. An `Outcome` is made by its named constructors only, so that no odd mixture exists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from .errors import NotStorableError
from .json_values import encode, storable_text
from .masking import Mask
from .retry import is_retryable
from .status import Status

#: The error type of what a hook has failed.
HOOK_FAILED: Final = "hook_failed"
MAX_ERROR_CHARS: Final = 32_768
DEFAULT_MAX_RESULT_BYTES: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one attempt: a terminal status with a result, or with an error that is never empty."""

    status: Status
    result_json: str | None = None
    error: str | None = None
    error_type: str | None = None
    retryable: bool = False

    @classmethod
    def completed(cls, result_json: str) -> Outcome:
        """Build the outcome of an attempt that did its work; `result_json` is what it returned."""
        return cls(Status.COMPLETED, result_json)

    @classmethod
    def failed(
        cls,
        error: str,
        error_type: str,
        *,
        result_json: str | None = None,
        retryable: bool = False,
        mask: Mask = str,
    ) -> Outcome:
        """Build the outcome of an attempt that failed; `mask` takes out of its texts what nobody may read."""
        kind = storable_text(error_type, 255)
        # Masked first: of a secret that is cut there would be a beginning left.
        text = storable_text(mask(error), MAX_ERROR_CHARS).strip() or kind
        return cls(Status.FAILED, result_json, text, kind, retryable)

    @classmethod
    def cancelled(cls, reason: str) -> Outcome:
        """Build the outcome of an attempt that was cancelled."""
        return cls(Status.CANCELLED, error=storable_text(reason, MAX_ERROR_CHARS), error_type="cancelled")

    @classmethod
    def timed_out(cls, seconds: float) -> Outcome:
        """Build the outcome of an attempt that ran longer than its task's timeout in seconds."""
        return cls.failed(f"The attempt was stopped after its timeout of {seconds:g} s", "timeout", retryable=True)

    @classmethod
    def raised(cls, error: BaseException, mask: Mask = str) -> Outcome:
        """Build the outcome of an attempt whose executor raised; an exception without a text names itself."""
        kind = getattr(error, "error_type", None)
        error_type = kind if isinstance(kind, str) and kind else type(error).__name__
        retryable = may_be_retried(error, error_type)
        return cls.failed(said_by(error), mask(error_type), retryable=retryable, mask=mask)


def said_by(error: BaseException) -> str:
    """Return an exception in words: its class, and its text if there is one."""
    name = type(error).__name__
    try:
        text = str(error).strip()
    except Exception as broken:  # noqa: BLE001 - an exception's __str__ is user code too
        text = f"(its text can't be read: {type(broken).__name__})"
    return f"{name}: {text}" if text else name


def may_be_retried(error: BaseException, error_type: str) -> bool:
    """Tell whether an attempt that this exception ended may be repeated; the exception may say no itself."""
    said = getattr(error, "retryable", None)
    return is_retryable(error_type, said if isinstance(said, bool) else None, raised=True)


def from_returned(returned: Any, max_bytes: int = DEFAULT_MAX_RESULT_BYTES, mask: Mask = str) -> Outcome:
    """Read what an executor returned (architecture 6.9).

    A dict with `status == "failed"` fails; `status == "completed"` completes, even with `error: None`; without a
    `status` a truthy `error` fails; everything else completes. What can't be stored as JSON fails with the place.
    """
    try:
        result_json = encode(returned, "the result", max_bytes)
    except NotStorableError as error:
        return Outcome.failed(str(error), "result_not_storable", mask=mask)
    if not isinstance(returned, dict) or not _is_failure(returned):
        return Outcome.completed(result_json)
    kind = returned.get("error_type")
    error_type = kind if isinstance(kind, str) and kind.strip() else "execution_error"
    said = returned.get("retryable")
    return Outcome.failed(
        _error_text(returned.get("error")),
        mask(error_type),
        result_json=result_json,
        retryable=is_retryable(error_type, said if isinstance(said, bool) else None, raised=False),
        mask=mask,
    )


def _is_failure(returned: dict[str, Any]) -> bool:
    status = returned.get("status")
    if status in ("failed", "completed"):
        return bool(status == "failed")
    return bool(returned.get("error"))


def _error_text(error: object) -> str:
    if isinstance(error, str):
        return error if error.strip() else "The executor reported a failure without saying why"
    if error is None:
        return "The executor reported a failure without saying why"
    return encode(error)
