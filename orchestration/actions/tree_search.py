"""Which trees somebody looks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db.models import Q

from orchestration.models.definition import TreeQuerySet

#: Words of a search that count.
_MAX_WORDS: Final = 10


@dataclass(frozen=True, slots=True)
class TreeSearch:
    """What trees are narrowed to; what is empty narrows nothing. `archived`: they alone, none, or all (None)."""

    q: str = ""
    tag: str = ""
    owner: str = ""
    archived: bool | None = False

    def narrow(self, trees: TreeQuerySet) -> TreeQuerySet:
        """Apply the filters: every word of `q` is in the name, the description or a tag."""
        if self.archived is not None:
            trees = trees.filter(archived_at__isnull=not self.archived)
        if self.tag:
            trees = trees.filter(tags__contains=[self.tag])
        if self.owner:
            trees = trees.filter(owner__username=self.owner)
        for word in self.q.split()[:_MAX_WORDS]:
            trees = trees.filter(Q(name__icontains=word) | Q(description__icontains=word) | Q(tags__icontains=word))
        return trees
