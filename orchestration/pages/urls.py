"""URLs of the pages."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from .account import account, password, session_end, sessions_end, token_create, token_revoke
from .backfills import backfill_cancel, backfill_preview, backfill_start
from .builder import tree_edit, tree_new
from .health import healthz, metrics, readyz
from .hooks_in import hook_in
from .overview import overview
from .run import run, run_cancel, task_run, task_run_result
from .run_compare import run_compare
from .run_live import run_live, run_open
from .runs import run_rows, runs
from .schedule_calendar import calendar_feed, calendar_file
from .schedules import (
    schedule,
    schedule_delete,
    schedule_new,
    schedule_preview,
    schedule_run,
    schedule_switch,
    schedules,
    schedules_pause,
)
from .selftest import selftest
from .sign_in import SignIn, SignOut
from .sign_on import sign_on, sign_on_back
from .trees import tree, tree_run, trees

urlpatterns: list[URLPattern | URLResolver] = [
    path("", overview, name="overview"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("hooks/in/<str:token>", hook_in, name="hook-in"),
    path("login/", SignIn.as_view(), name="login"),
    path("login/sign-on/", sign_on, name="sign-on"),
    path("login/sign-on/back/", sign_on_back, name="sign-on-back"),
    path("logout/", SignOut.as_view(), name="logout"),
    path("account/", account, name="account"),
    path("account/password/", password, name="password"),
    path("account/sessions/end/", sessions_end, name="sessions-end"),
    path("account/sessions/<int:pk>/end/", session_end, name="session-end"),
    path("account/tokens/", token_create, name="token-create"),
    path("account/tokens/<int:pk>/revoke/", token_revoke, name="token-revoke"),
    path("selftest/", selftest, name="selftest"),
    path("trees/", trees, name="trees"),
    path("trees/new/", tree_new, name="tree-new"),
    path("trees/<uuid:pk>/", tree, name="tree"),
    path("trees/<uuid:pk>/edit/", tree_edit, name="tree-edit"),
    path("trees/<uuid:pk>/run/", tree_run, name="tree-run"),
    path("runs/", runs, name="runs"),
    path("runs/rows/", run_rows, name="run-rows"),
    path("runs/open/", run_open, name="run-open"),
    path("runs/<uuid:pk>/", run, name="run"),
    path("runs/<uuid:pk>/live/", run_live, name="run-live"),
    path("runs/compare/", run_compare, name="run-compare"),
    path("runs/<uuid:pk>/cancel/", run_cancel, name="run-cancel"),
    path("runs/<uuid:pk>/tasks/<int:task_pk>/", task_run, name="task-run"),
    path("runs/<uuid:pk>/tasks/<int:task_pk>/result.json", task_run_result, name="task-run-result"),
    path("schedules/", schedules, name="schedules"),
    path("schedules/new/", schedule_new, name="schedule-new"),
    path("schedules/preview/", schedule_preview, name="schedule-preview"),
    path("schedules/pause/", schedules_pause, name="schedules-pause"),
    path("schedules/calendar/", calendar_feed, name="calendar-feed"),
    path("schedules/ical/<str:token>.ics", calendar_file, name="calendar-file"),
    path("schedules/<uuid:pk>/", schedule, name="schedule"),
    path("schedules/<uuid:pk>/switch/", schedule_switch, name="schedule-switch"),
    path("schedules/<uuid:pk>/run/", schedule_run, name="schedule-run"),
    path("schedules/<uuid:pk>/backfill/", backfill_start, name="backfill-start"),
    path("schedules/<uuid:pk>/backfill/preview/", backfill_preview, name="backfill-preview"),
    path("schedules/<uuid:pk>/backfills/<int:backfill>/cancel/", backfill_cancel, name="backfill-cancel"),
    path("schedules/<uuid:pk>/delete/", schedule_delete, name="schedule-delete"),
]
