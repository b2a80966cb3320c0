"""What the values of a run's tasks are, told by digests: whether two are the same, without sending them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from django.db.models import CharField, Expression, F, Func, TextField, Value
from django.db.models.functions import Cast
from django.utils.crypto import salted_hmac
from ninja import Query, Router
from pydantic import Field

from orchestration.models import TaskRun

from .door import ApiRequest
from .paging import Order, Page, PageQuery
from .run_lookups import visible_run
from .schemas import Fields

router = Router(tags=["tasks of runs"])
_VALUES: Final = ("inputs", "resolved_inputs", "result")
_IN_ORDER: Final = Order(("ordinal",))


class DigestQuery(PageQuery):
    """A page of a run's tasks."""

    limit: int = Field(default=1_000, ge=1, le=5_000)


class DigestsOut(Fields):
    """The digests of a task's values; null where there is none. They are the same for the same value, in any run."""

    id: str = Field(description="the task's id in the tree")
    inputs: str | None = Field(description="as defined")
    resolved_inputs: str | None = Field(description="as the executor got them")
    result: str | None


@router.get("/runs/{uuid:id}/digests", response=Page[DigestsOut], summary="Digests of the values of a run's tasks")
def list_digests(request: ApiRequest, id: UUID, query: Query[DigestQuery]) -> Page[Any]:
    """List them in the tree's order: enough to tell where two runs differ, however large their values are."""
    found = visible_run(request, id).task_runs.only("task_uid", "ordinal")
    return _IN_ORDER.page(found.annotate(**{f"{name}_digest": _digest(name) for name in _VALUES}), query, _rows)


def _rows(tasks: Sequence[TaskRun]) -> list[dict[str, Any]]:
    return [{"id": task.task_uid} | {name: vars(task)[f"{name}_digest"] for name in _VALUES} for task in tasks]


def _digest(name: str) -> Expression:
    """Digest a column where its value is stored. The key keeps a short secret from being guessed by its digest."""
    key = salted_hmac("orchestration.api.digests", "", algorithm="sha256").hexdigest()
    return Func(
        Value(key),
        Cast(F(name), TextField()),
        arg_joiner=" || ",
        template="left(encode(sha256(convert_to(%(expressions)s, 'UTF8')), 'hex'), 32)",
        output_field=CharField(),
    )
