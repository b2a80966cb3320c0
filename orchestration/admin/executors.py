"""Executors in the admin: a catalogue of all of them, and a page for each, with or without a row of decisions."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from orchestration.access import rules
from orchestration.actions.executors import reset_breaker
from orchestration.models import ExecutorConfig

from .executor_forms import DecisionsForm
from .executor_list import list_context
from .executor_page import ExecutorPage
from .generics import ModelAdmin
from .visible import actor_of


@admin.register(ExecutorConfig)
class ExecutorConfigAdmin(ModelAdmin[ExecutorConfig]):
    """What executors there are, what is decided about them, and a way to try each."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A row is made with the first decision, on the executor's page."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was decided is changed, and stays in the audit trail."""
        return False

    def get_urls(self) -> list[URLPattern]:
        """Add the page of one executor by its id."""
        page = path("of/<path:executor>/", self.admin_site.admin_view(self.page_view), name="executor")
        return [page, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the catalogue."""
        self._require_view(request)
        context = self._context(request, "Executors") | list_context(request.GET)
        return TemplateResponse(request, "admin/executors/list.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the executor's page."""
        self._require_view(request)
        config = self.get_object(request, object_id)
        if config is None:
            raise Http404
        return HttpResponseRedirect(executor_url(config.executor))

    def page_view(self, request: HttpRequest, executor: str) -> HttpResponse:
        """Show one executor; do what its forms ask for."""
        self._require_view(request)
        page = ExecutorPage.find(executor, actor_of(request))
        if page is None:
            raise Http404(f"There is no executor {executor!r}")
        if request.method == "POST":
            answer = self._act(request, page)
            if answer is not None:
                return answer
        context = self._context(request, page.title) | page.context(request.GET)
        return TemplateResponse(request, "admin/executors/page.html", context)

    def _act(self, request: HttpRequest, page: ExecutorPage) -> HttpResponse | None:
        """Do what a form asks for; None when it has mistakes, which the page then shows."""
        act = request.POST.get("act")
        if act == "try":
            return self._try(request, page)
        if not rules.may_decide_about_executors(page.actor):
            raise PermissionDenied
        if act == "reset":
            reset_breaker(page.executor, page.actor.user)
            messages.success(request, "The circuit breaker is closed.")
        else:
            # One at a time: the form is compared with what the one before has stored.
            with transaction.atomic():
                stored = ExecutorConfig.objects.select_for_update().filter(executor=page.executor).first()
                page.decisions = DecisionsForm(stored or page.config, request.POST)
                if not page.decisions.save(page.actor.user):
                    return None
            messages.success(request, "Saved. Running workers follow within two seconds.")
        return HttpResponseRedirect(executor_url(page.executor))

    @staticmethod
    def _try(request: HttpRequest, page: ExecutorPage) -> HttpResponse | None:
        if not page.may_try:
            raise PermissionDenied
        run = page.start_trial(request.POST)
        return None if run is None else HttpResponseRedirect(f"{executor_url(page.executor)}?run={run.pk}#try")

    def _require_view(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied

    def _context(self, request: HttpRequest, title: str) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "opts": self.model._meta, "title": title}


def executor_url(executor: str) -> str:
    """Return the address of an executor's page."""
    return reverse("admin:executor", args=[executor])
