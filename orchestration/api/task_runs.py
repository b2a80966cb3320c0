"""The tasks of a run."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.db.models import TextField
from django.db.models.functions import Cast
from django.http import HttpResponse
from ninja import Query, Router
from pydantic import Field

from orchestration.access import rules
from orchestration.actions.runs import why
from orchestration.engine.errors import RunNotFoundError
from orchestration.engine.json_values import encode
from orchestration.engine.status import Status
from orchestration.models import TaskRun

from .door import ApiRequest
from .errors import not_found
from .large_values import MAX_SHOWN_BYTES
from .paging import Order, Page, PageQuery
from .run_lookups import TaskInPath, task_of, visible_run
from .schemas import Fields
from .task_run_rows import (
    AttemptOut,
    TaskRunDetails,
    TaskRunOut,
    attempt_rows,
    details,
    lines,
    task_result,
    task_run_details,
    task_run_rows,
    with_attempts,
)

router = Router(tags=["tasks of runs"])
_TASKS: Final = "/runs/{uuid:id}/tasks"
_IN_ORDER: Final = Order(("ordinal",))


class TaskRunQuery(PageQuery):
    """A page of a run's tasks."""

    limit: int = Field(default=1_000, ge=1, le=5_000)
    status: list[Status] = Field(default=[], max_length=len(Status), description="one or several")


class WhyOut(Fields):
    """One sentence."""

    why: str = Field(examples=["Waiting for 'Fetch orders' (required, running for 3.1 s)"])


@router.get(_TASKS, response=Page[TaskRunOut], summary="List the tasks of a run")
def list_task_runs(request: ApiRequest, id: UUID, query: Query[TaskRunQuery]) -> Page[Any]:
    """List them in the tree's order, without inputs and results."""
    found = visible_run(request, id).task_runs.all()
    if query.status:
        found = found.filter(status__in=query.status)
    return _IN_ORDER.page(lines(found), query, task_run_rows)


@router.get(
    _TASKS + "/{path:task}/result",
    summary="The result of a task alone",
    openapi_extra={"responses": {200: {"description": "The result", "content": {"application/json": {"schema": {}}}}}},
)
def read_task_result(request: ApiRequest, id: UUID, task: TaskInPath) -> HttpResponse:
    """Send the result, of any size; without secrets to who may not change trees. 404 when there is none (yet)."""
    rows = TaskRun.objects.filter(pk=task_of(visible_run(request, id), task).pk, result__isnull=False)
    if rules.may_see_values(request.auth):
        # As the database holds it: nobody here has to read it.
        text = rows.annotate(text=Cast("result", TextField())).values_list("text", flat=True).first()
    else:
        found = rows.select_related("run").first()
        text = encode(task_result(request.auth, found)) if found else None
    if text is None:
        raise not_found("result (yet)")
    return HttpResponse(text, content_type="application/json")


@router.get(_TASKS + "/{path:task}/attempts", response=Page[AttemptOut], summary="The attempts of a task")
def list_task_attempts(request: ApiRequest, id: UUID, task: TaskInPath) -> Page[Any]:
    """List all attempts, the first one first."""
    run = visible_run(request, id)
    found = with_attempts(run.task_runs.filter(task_uid=task)).first()
    if found is None:
        raise not_found("task in this run")
    return Page(items=attempt_rows(found))


@router.get(_TASKS + "/{path:task}/why", response=WhyOut, summary="Why does a task wait, or why did it not run")
def read_task_why(request: ApiRequest, id: UUID, task: TaskInPath) -> dict[str, str]:
    """Return one sentence, by the rules that the engine goes by."""
    return {"why": _why(task_of(visible_run(request, id), task))}


def _why(task: TaskRun) -> str:
    try:
        return why(task)
    except RunNotFoundError as error:
        raise not_found("task in this run") from error


# After what is below it: an id may hold slashes.
@router.get(_TASKS + "/{path:task}", response=TaskRunDetails, summary="Look at a task of a run")
def read_task_run(request: ApiRequest, id: UUID, task: TaskInPath, full: bool = False) -> dict[str, Any]:
    """Return inputs, result, error, attempts and why it is as it is."""
    run = visible_run(request, id)
    most = None if full else MAX_SHOWN_BYTES
    found = details(request.auth, run.task_runs.filter(task_uid=task), most=most).first()
    if found is None:
        raise not_found("task in this run")
    return task_run_details(request.auth, found, attempt_rows(found), _why(found), most=most)
