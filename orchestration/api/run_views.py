"""The caller's own views of the list of runs: filters under a name."""

from __future__ import annotations

from typing import Annotated, Any, Final

from ninja import Path, Router, Status
from pydantic import Field

from orchestration.access import rules
from orchestration.actions import run_views
from orchestration.models import RunView
from orchestration.models.run_views import MAX_VIEW_NAME

from .door import ApiRequest
from .errors import forbidden, not_found
from .schemas import Fields, Flag, Text

router = Router(tags=["runs"])

_LARGEST: Final = 2**63 - 1
ViewId = Annotated[int, Path(ge=1, le=_LARGEST)]
ViewName = Annotated[Text, Field(min_length=1, max_length=MAX_VIEW_NAME, examples=["Failed today"])]
ViewQuery = Annotated[
    Text,
    Field(max_length=2000, description="the query of the list's address", examples=["status=failed&when=day"]),
]


class ViewIn(Fields):
    """A view to keep."""

    name: ViewName
    query: ViewQuery
    is_default: Flag = False


class ViewChange(Fields):
    """What of a view is to change."""

    name: ViewName | None = None
    query: ViewQuery | None = None
    is_default: Flag | None = None


class ViewOut(Fields):
    """A view. The default one is shown when the list is opened without filters."""

    id: int = Field(examples=[3])
    name: ViewName
    query: ViewQuery
    is_default: bool


class Views(Fields):
    """All views."""

    items: list[ViewOut]


@router.get("/run-views", response=Views, summary="List my views of runs")
def list_run_views(request: ApiRequest) -> dict[str, Any]:
    """List your views, by name."""
    _require_right(request)
    return {"items": [_shown(view) for view in rules.run_views_of(request.auth)]}


@router.post("/run-views", response={201: ViewOut}, summary="Keep a view of runs")
def make_run_view(request: ApiRequest, body: ViewIn) -> Status[Any]:
    """Keep filters under a name. A view that is to be the default takes that from the one before."""
    _require_right(request)
    view = run_views.save_view(request.auth.user, body.name, body.query, is_default=body.is_default)
    return Status(201, _shown(view))


@router.patch("/run-views/{int:id}", response=ViewOut, summary="Change a view of runs")
def change_run_view(request: ApiRequest, id: ViewId, body: ViewChange) -> dict[str, Any]:
    """Change a view's name, its filters, or whether it is the default."""
    view = _own(request, id)
    return _shown(run_views.change_view(view, name=body.name, query=body.query, is_default=body.is_default))


@router.delete("/run-views/{int:id}", response={204: None}, summary="Forget a view of runs")
def delete_run_view(request: ApiRequest, id: ViewId) -> Status[None]:
    """Forget a view. The runs stay."""
    _own(request, id).delete()
    return Status(204, None)


def _require_right(request: ApiRequest) -> None:
    if not rules.may_keep_views(request.auth):
        raise forbidden("Views are kept in a session, or with a token of the scope admin.")


def _own(request: ApiRequest, pk: int) -> RunView:
    _require_right(request)
    view = rules.run_views_of(request.auth).filter(pk=pk).first()
    if view is None:
        raise not_found("view")
    return view


def _shown(view: RunView) -> dict[str, Any]:
    return {name: getattr(view, name) for name in ViewOut.model_fields}
