"""Finding trees."""

from __future__ import annotations

from typing import Any, Final, Literal

from ninja import Query, Router
from pydantic import Field

from orchestration.access import rules
from orchestration.actions.tree_search import TreeSearch
from orchestration.models.definition import TreeQuerySet

from .door import ApiRequest
from .paging import Order, Page, PageQuery
from .schemas import Text
from .tree_answers import TreeLine, tree_lines, with_counts

router = Router(tags=["trees"])

_ORDERS: Final = {"name": Order(("name", "id")), "-updated_at": Order(("-updated_at", "-id"))}


class TreeQuery(PageQuery):
    """What a list of trees is narrowed by."""

    q: Text | None = Field(None, max_length=200, description="words of the name, the description or a tag")
    tag: Text | None = Field(None, max_length=50)
    owner: Text | None = Field(None, max_length=150, description="a user name, or `me`")
    archived: Literal["false", "true", "all"] = "false"
    sort: Literal["name", "-updated_at"] = "name"


@router.get("/trees", response=Page[TreeLine], summary="List trees")
def list_trees(request: ApiRequest, query: Query[TreeQuery]) -> Page[Any]:
    """List the trees that you may see."""
    found = _narrowed(rules.trees_of(request.auth), query, request.auth.user.get_username())
    return _ORDERS[query.sort].page(with_counts(found), query, tree_lines)


def _narrowed(trees: TreeQuerySet, query: TreeQuery, me: str) -> TreeQuerySet:
    search = TreeSearch(
        q=query.q or "",
        tag=query.tag or "",
        owner=(me if query.owner == "me" else query.owner) or "",
        archived=None if query.archived == "all" else query.archived == "true",
    )
    return search.narrow(trees)
