"""What bodies, parameters and answers are made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from orchestration.engine.json_values import text_problem


class Fields(BaseModel):
    """Base of all of them: a field that is not known is refused, never ignored."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


def _storable(text: str) -> str:
    problem = text_problem(text)
    if problem is not None:
        raise ValueError(problem)
    return text


#: Text that PostgreSQL can hold.
Text = Annotated[str, AfterValidator(_storable)]
Reason = Annotated[Text, Field(max_length=2000, description="why, for the audit trail")]
Priority = Annotated[int, Field(ge=0, le=3, description="0 urgent, 1 high, 2 normal, 3 low")]
Moment = AwareDatetime


class ErrorBody(BaseModel):
    """What went wrong, where, and what to do."""

    code: str
    message: str
    path: str | None = None
    hint: str | None = None
    problems: list[dict[str, str]] | None = None


class ErrorAnswer(BaseModel):
    """Every error."""

    error: ErrorBody
