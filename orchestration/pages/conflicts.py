"""What an act refuses on a page because somebody else was a moment earlier: said on a page, and no fault of the server.

The forms of pages show what is wrong with them. This is for what no form can tell: that a row was deleted, taken or
put to use after it was found, while the request waited for its turn.
"""

from __future__ import annotations

import logging
from typing import Final

from django.core.exceptions import ObjectDoesNotExist
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin
from django.views.defaults import page_not_found

from orchestration.actions.conflicts import refusal_text

logger = logging.getLogger("apflow.pages")

#: Addresses of programs, which have answers of their own.
_NOT_PAGES: Final = ("/api/", "/hooks/in/")


class ConflictMiddleware(MiddlewareMixin):
    """Answers acts that were refused with a page: 404 for what is gone, 409 for the rest."""

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Return the page; None for what is a fault."""
        # What only reads has refused nothing: there the same errors are faults.
        if request.method != "POST" or request.path.startswith(_NOT_PAGES):
            return None
        if isinstance(error, ObjectDoesNotExist):
            return page_not_found(request, error)
        text = refusal_text(error)
        if text is None:
            return None
        logger.warning("%s was refused: %s", request.path, text)
        return render(request, "409.html", {"text": text.rstrip(".")}, status=409)
