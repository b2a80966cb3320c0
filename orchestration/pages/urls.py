"""URLs of the pages."""

from __future__ import annotations

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import URLPattern, URLResolver, path

from .health import healthz, metrics, readyz
from .overview import overview
from .run import run, run_cancel, task_run, task_run_result
from .runs import runs
from .trees import tree, tree_run, trees

login = LoginView.as_view(template_name="pages/login.html", redirect_authenticated_user=True)

urlpatterns: list[URLPattern | URLResolver] = [
    path("", overview, name="overview"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("login/", login, name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("trees/", trees, name="trees"),
    path("trees/<uuid:pk>/", tree, name="tree"),
    path("trees/<uuid:pk>/run/", tree_run, name="tree-run"),
    path("runs/", runs, name="runs"),
    path("runs/<uuid:pk>/", run, name="run"),
    path("runs/<uuid:pk>/cancel/", run_cancel, name="run-cancel"),
    path("runs/<uuid:pk>/tasks/<int:task_pk>/", task_run, name="task-run"),
    path("runs/<uuid:pk>/tasks/<int:task_pk>/result.json", task_run_result, name="task-run-result"),
]
