"""What a page tells its script before it starts: addresses and rights, never the data itself. See core/boot.ts."""

from __future__ import annotations

from typing import Any, Final

from django.middleware.csrf import get_token
from django.urls import reverse
from django.utils.translation import get_language

from .access import PageRequest

#: Raised when the boot data or the API change in such a way that a script of before can't work with them.
SCHEMA_VERSION: Final = 1


def boot_of(request: PageRequest, **ids: str | None) -> dict[str, Any]:
    """Return the boot data of a page; `ids` are `treeId` or `runId`."""
    held = (name.partition(".") for name in request.user.get_all_permissions())
    return {
        "apiBase": "/api/v1",
        "wsPath": "/ws",
        "csrf": get_token(request),
        "user": request.user.get_username(),
        "permissions": sorted(codename for app, _, codename in held if app == "orchestration"),
        "locale": get_language() or "en",
        "schemaVersion": SCHEMA_VERSION,
        "pages": {"trees": reverse("trees"), "runs": reverse("runs")},
        "treeId": None,
        "runId": None,
        **ids,
    }
