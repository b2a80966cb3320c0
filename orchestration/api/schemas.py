"""What bodies, parameters and answers are made of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StrictBool

from orchestration.engine.definition import MAX_NAME_CHARS
from orchestration.engine.json_values import text_problem


class Fields(BaseModel):
    """Base of all of them: a field that is not known is refused, never ignored."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


def _storable(text: str) -> str:
    problem = text_problem(text)
    if problem is not None:
        raise ValueError(problem)
    return text


def _in_utc(moment: datetime) -> datetime:
    """PostgreSQL takes no offsets over 15:59, and moments near the ends of time have none in UTC."""
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("is out of range") from error


#: Text that PostgreSQL can hold.
Text = Annotated[str, AfterValidator(_storable)]
Reason = Annotated[Text, Field(max_length=2000, description="why, for the audit trail", examples=["Too late today"])]
Priority = Annotated[int, Field(strict=True, ge=0, le=3, description="0 urgent, 1 high, 2 normal, 3 low")]
Flag = StrictBool
Moment = Annotated[AwareDatetime, AfterValidator(_in_utc), Field(examples=["2026-03-01T12:00:00Z"])]
Name = Annotated[Text, Field(min_length=1, max_length=MAX_NAME_CHARS, examples=["Nightly import"])]
TaskId = Annotated[Text, Field(min_length=1, max_length=MAX_NAME_CHARS, examples=["fetch"])]
Username = Annotated[Text, Field(max_length=150, examples=["ada"])]
Json = Annotated[Any, Field(description="any JSON")]


class ErrorBody(BaseModel):
    """What went wrong, where, and what to do."""

    code: str = Field(examples=["invalid"])
    message: str = Field(examples=["$.tasks[0].priority: must be a whole number from 0 to 3, not 9"])
    path: str | None = Field(None, examples=["$.tasks[0].priority"])
    hint: str | None = None
    problems: list[dict[str, str]] | None = None
    expected: int | None = Field(None, description="of a version conflict: the version in If-Match")
    current: int | None = Field(None, description="of a version conflict: the version that is stored")


class ErrorAnswer(BaseModel):
    """Every error."""

    error: ErrorBody
