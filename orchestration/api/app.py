"""The API as a whole: its routers, its form, its errors."""

from __future__ import annotations

from ninja import NinjaAPI

from orchestration import __version__

from . import me
from .door import Door
from .errors import add_error_handlers
from .wire import StrictParser, StrictRenderer

api = NinjaAPI(
    title="apflow dashboard",
    version=__version__,
    description="Trees of tasks, their runs, and what runs them. The form of requests, errors, pages and versions is "
    "described in docs/reference/http-api.md.",
    urls_namespace="api",
    auth=Door(),
    parser=StrictParser(),
    renderer=StrictRenderer(),
    docs_url=None,
    openapi_url="/openapi.json",
)
add_error_handlers(api)
for router in (me.router,):
    api.add_router("", router)
