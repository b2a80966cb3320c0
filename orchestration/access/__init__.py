"""Who is asking, and what they may: the one place that the API, the pages, the live stream and the admin ask."""

from . import rules
from .actor import Actor
from .identify import Refused, actor_of_headers, actor_of_request, actor_of_token, is_still_valid

__all__ = ["Actor", "Refused", "actor_of_headers", "actor_of_request", "actor_of_token", "is_still_valid", "rules"]
