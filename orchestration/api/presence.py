"""Who has a tree open in the builder."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from ninja import Router

from orchestration.access import rules
from orchestration.actions.presence import be_present, leave

from .door import ApiRequest
from .errors import not_found
from .schemas import Fields

router = Router(tags=["trees"])


class PresenceIn(Fields):
    """An open page: an id that it gave itself, and whether it has changes that are not saved."""

    page: UUID
    editing: bool = False


class OtherOut(Fields):
    """Somebody else who has the tree open."""

    user: str
    editing: bool


class PresenceOut(Fields):
    """The others, each once."""

    others: list[OtherOut]


@router.put("/trees/{uuid:id}/presence", response=PresenceOut, summary="Say that a page has the tree open")
def put_presence(request: ApiRequest, id: UUID, body: PresenceIn) -> dict[str, Any]:
    """Say it again at least every 15 seconds; after 40 seconds of silence the page counts as closed."""
    tree = rules.find_tree(request.auth, id)
    if tree is None:
        raise not_found("tree")
    others = be_present(tree, request.auth.user, body.page, editing=body.editing)
    return {"others": [asdict(other) for other in others]}


@router.delete("/trees/{uuid:id}/presence/{uuid:page}", response={204: None}, summary="Say that the page was closed")
def delete_presence(request: ApiRequest, id: UUID, page: UUID) -> None:
    """Forget the page at once."""
    tree = rules.find_tree(request.auth, id)
    if tree is None:
        raise not_found("tree")
    leave(tree, request.auth.user, page)
