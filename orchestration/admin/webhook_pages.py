"""What the admin pages of webhooks share: for administrators, acts with a page of their own, secrets shown once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.urls.resolvers import URLPattern
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orchestration.access import rules

from .turns import TakesTurns
from .visible import actor_of

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

    _Base = ModelAdmin[Any]
else:
    _Base = object


@dataclass(frozen=True, slots=True)
class Act:
    """Something that is done with one row: a button, and the page that says what it does and asks."""

    slug: str
    label: str
    explanation: str
    do: Callable[[Any, HttpRequest, Any], HttpResponse]


class WebhookPages(_Base):
    """Pages for administrators, whatever permissions others were given, with buttons for `acts`."""

    acts: ClassVar[tuple[Act, ...]] = ()
    change_form_template = "admin/orchestration/webhook_form.html"

    class Media:
        css: ClassVar[dict[str, tuple[str, ...]]] = {"all": ("css/admin-webhooks.css",)}

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Administrators."""
        return rules.may_manage_webhooks(actor_of(request))

    def has_module_permission(self, request: HttpRequest) -> bool:
        """The same."""
        return self.has_view_permission(request)

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of the acts."""
        own = [
            path(f"<path:object_id>/{act.slug}/", self.admin_site.admin_view(self._page_of(act)), name=self._name(act))
            for act in self.acts
        ]
        return own + super().get_urls()

    def render_change_form(self, request: HttpRequest, context: Any, *place: Any, **options: Any) -> HttpResponse:
        """Bring the buttons along."""
        row = context.get("original")
        acts = [(act.label, self._url(act, row)) for act in self.acts] if row is not None else []
        return super().render_change_form(request, {**context, "acts": acts}, *place, **options)

    def _name(self, act: Act) -> str:
        return f"orchestration_{self.opts.model_name}_{act.slug}"

    def _url(self, act: Act, row: Any) -> str:
        return reverse(f"admin:{self._name(act)}", args=[row.pk])

    def _page_of(self, act: Act) -> Callable[..., HttpResponse]:
        def page(request: HttpRequest, object_id: str) -> HttpResponse:
            if not self.has_view_permission(request):
                raise PermissionDenied
            row = self.get_object(request, unquote(object_id))
            if row is None:
                raise Http404
            if request.method == "POST":
                return act.do(self, request, row)
            return self.page(request, row, "admin/orchestration/webhook_act.html", title=act.label, act=act)

        return page

    def page(self, request: HttpRequest, row: Any, template: str, **context: Any) -> HttpResponse:
        """Draw a page about a row. Like all of the admin it is kept by no cache: it may show a secret."""
        everywhere = self.admin_site.each_context(request)
        facts = {**everywhere, "opts": self.opts, "original": row, "media": self.media, **context}
        return TemplateResponse(request, template, facts)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Say what goes without counting the log, which goes along."""
        rows = list(objs)
        logs = [f"{row}, with everything in its log" for row in rows]
        return logs, {self.opts.verbose_name_plural: len(rows)}, set(), []


class Managed(TakesTurns, WebhookPages):
    """Webhooks themselves: whoever sees them may make, change and delete them."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Administrators."""
        return self.has_view_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Administrators."""
        return self.has_view_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Administrators."""
        return self.has_view_permission(request)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete one by one: each has its entry in the trail."""
        self.delete_each(request, queryset)


def status_badge(status: str, words: str) -> SafeString:
    """Draw a status as the pages of runs do: `completed`, `failed`, `pending` or `cancelled`, in other words."""
    return format_html('<span class="status status-{}">{}</span>', status, words)
