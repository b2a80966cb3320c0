"""Executors that are made here: requests that administrators write down, and tasks run. For administrators."""

from __future__ import annotations

from typing import Annotated, Any, Final

from django.http import HttpResponse
from ninja import Path, Query, Router, Status
from pydantic import Field

from orchestration.access import rules
from orchestration.actions.http_executors import (
    change_http_executor,
    delete_http_executor,
    make_http_executor,
    preview,
)
from orchestration.models import HttpExecutor

from .door import ApiRequest
from .errors import forbidden, not_found
from .http_executor_rows import (
    HttpExecutorFields,
    HttpExecutorIn,
    HttpExecutorOut,
    HttpRequestOut,
    PreviewIn,
    http_executor_rows,
    preview_row,
)
from .paging import Order, Page, PageQuery
from .preconditions import IfMatch, expected_version, set_etag
from .schemas import Text

router = Router(tags=["executors"])

_BY_ID: Final = Order(("executor", "id"))
_ONE: Final = "/http-executors/{id}"
MadeId = Annotated[Text, Field(max_length=255), Path(description="the executor's id")]


@router.get("/http-executors", response=Page[HttpExecutorOut], summary="List executors made here")
def list_http_executors(request: ApiRequest, query: Query[PageQuery]) -> Page[Any]:
    """List the executors that were made here, by id."""
    _require_administrator(request)
    found = HttpExecutor.objects.select_related("created_by", "updated_by")
    return _BY_ID.page(found, query, http_executor_rows)


@router.post("/http-executors", response={201: HttpExecutorOut}, summary="Make an executor")
def create_http_executor(request: ApiRequest, body: HttpExecutorIn, response: HttpResponse) -> Status[Any]:
    """Make an executor. It can be used at once; workers have it within two seconds."""
    _require_administrator(request)
    values = body.model_dump(exclude={"id"})
    made = make_http_executor(body.id, values, user=request.auth.user)
    set_etag(response, made)
    return Status(201, _row(made))


@router.post("/http-executor-preview", response=HttpRequestOut, summary="Show the request of an executor")
def preview_http_executor(request: ApiRequest, body: PreviewIn) -> dict[str, Any]:
    """Return the request that inputs would give, secrets covered. Nothing is sent, and nothing is saved."""
    _require_administrator(request)
    values = body.definition.model_dump(exclude={"id"})
    definition = HttpExecutor(executor=body.definition.id, **values).definition
    return preview_row(preview(definition, body.inputs))


@router.get(_ONE, response=HttpExecutorOut, summary="Look at an executor made here")
def read_http_executor(request: ApiRequest, id: MadeId, response: HttpResponse) -> dict[str, Any]:
    """Return one. Its `definition` is what another installation takes to make the same."""
    made = _found(request, id)
    set_etag(response, made)
    return _row(made)


@router.patch(_ONE, response=HttpExecutorOut, summary="Change an executor made here")
def update_http_executor(
    request: ApiRequest, id: MadeId, body: HttpExecutorFields, response: HttpResponse, if_match: IfMatch = None
) -> dict[str, Any]:
    """Change what is sent; what is absent stays. Attempts that have begun go on as they began."""
    made = _found(request, id)
    values = body.model_dump(exclude_unset=True)
    change_http_executor(made, values, user=request.auth.user, expected=expected_version(if_match))
    now = _found(request, id)
    set_etag(response, now)
    return _row(now)


@router.delete(_ONE, response={204: None}, summary="Delete an executor made here")
def remove_http_executor(request: ApiRequest, id: MadeId) -> Status[None]:
    """Delete one. Tasks that name it fail from then on: there is no such executor."""
    delete_http_executor(_found(request, id), user=request.auth.user)
    return Status(204, None)


def _row(made: HttpExecutor) -> dict[str, Any]:
    (row,) = http_executor_rows([made])
    return row


def _found(request: ApiRequest, executor: str) -> HttpExecutor:
    _require_administrator(request)
    made = HttpExecutor.objects.select_related("created_by", "updated_by").filter(executor=executor).first()
    if made is None:
        raise not_found("executor")
    return made


def _require_administrator(request: ApiRequest) -> None:
    if not rules.may_make_executors(request.auth):
        raise forbidden("Only administrators see and change how executors are made here.")
