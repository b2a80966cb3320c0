"""The API as a whole: its routers, its form, its errors."""

from __future__ import annotations

from orchestration import __version__

from . import (
    audit_trail,
    bulk,
    commands,
    digests,
    executors,
    groups,
    history,
    hooks,
    http_executors,
    incoming_webhooks,
    logs,
    me,
    outgoing_webhooks,
    overview_series,
    presence,
    reruns,
    run_files,
    run_views,
    runs,
    schedules,
    secrets,
    sessions,
    task_durations,
    task_runs,
    tasks,
    tokens,
    tree_documents,
    tree_history,
    trees,
    users,
    versions,
    workers,
)
from .docs_page import DocsPage
from .door import Door
from .errors import add_error_handlers
from .openapi import DocumentedApi
from .wire import StrictParser, StrictRenderer

api = DocumentedApi(
    title="apflow dashboard",
    version=__version__,
    description="Trees of tasks, their runs, and what runs them. The form of requests, errors, pages and versions is "
    "described in docs/reference/http-api.md.",
    urls_namespace="api",
    auth=Door(),
    parser=StrictParser(),
    renderer=StrictRenderer(),
    docs=DocsPage(),
    docs_url="/docs",
    openapi_url="/openapi.json",
)
add_error_handlers(api)
# The order is that of the pages, and of what is tried: the ids of tasks may hold slashes, so that `…/tasks/{task}`
# comes after what is below it. An address belongs to one router: in a second one its methods would not be found.
for router in (
    trees.router,
    tree_documents.router,
    presence.router,
    versions.router,
    task_durations.router,
    tree_history.router,
    tasks.router,
    overview_series.router,
    runs.router,
    run_files.router,
    bulk.router,
    run_views.router,
    commands.router,
    task_runs.router,
    digests.router,
    history.router,
    logs.router,
    reruns.router,
    schedules.router,
    outgoing_webhooks.router,
    incoming_webhooks.router,
    hooks.router,
    executors.router,
    http_executors.router,
    workers.router,
    secrets.router,
    me.router,
    tokens.router,
    sessions.router,
    users.router,
    groups.router,
    audit_trail.router,
):
    api.add_router("", router)
