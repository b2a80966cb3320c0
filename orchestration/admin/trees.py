"""Trees in the admin."""

from __future__ import annotations

from typing import Any

import jsonschema
from django import forms
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db.models import Count, ManyToManyField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orchestration.access import rules
from orchestration.actions.keeping import lock_for_deletion
from orchestration.actions.trees import record_version
from orchestration.engine.definition import CONCURRENCY
from orchestration.models import IncomingWebhook, Schedule, ScheduleFire, Task, Tree, WebhookReceipt

from .audited import Audited
from .bounded import bound
from .generics import ModelAdmin
from .json_fields import nullable_field
from .redacted import Redacted, redacted_field
from .turns import SeenModelForm, TakesTurns
from .visible import Visible, actor_of


class TreeForm(SeenModelForm[Tree]):
    """A tree without its tasks."""

    parameters = nullable_field("Parameters", "A JSON Schema of a run's parameters; empty for a tree that takes none.")

    class Meta:
        model = Tree
        fields = (
            "name",
            "description",
            "tags",
            "owner",
            "visibility",
            "shared_with",
            "parameters",
            "max_concurrency",
            "archived_at",
        )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        bound(self, "max_concurrency", *CONCURRENCY)

    def clean(self) -> dict[str, Any]:
        """Refuse a tree that is shared with groups and names none."""
        cleaned = super().clean() or {}
        if cleaned.get("visibility") == Tree.Visibility.GROUPS and not cleaned.get("shared_with"):
            self.add_error("shared_with", "Choose a group, or another visibility.")
        return cleaned

    def clean_parameters(self) -> Any:
        """Refuse what is JSON, but no JSON Schema."""
        schema = self.cleaned_data["parameters"]
        if schema is not None:
            try:
                jsonschema.Draft202012Validator.check_schema(schema)
            except jsonschema.SchemaError as error:
                raise forms.ValidationError(f"This is not a JSON Schema: {error.message[:300]}") from error
        return schema


#: Fields of those who may delete a tree and give it away.
_WHO = ("owner", "visibility", "shared_with")
_GOES_ALONG = (Schedule, ScheduleFire, IncomingWebhook, WebhookReceipt)


@admin.register(Tree)
class TreeAdmin(TakesTurns, Audited, Redacted, Visible, ModelAdmin[Tree]):
    """What people draw: tasks that wait for each other; who may see it, and what a run is given.

    The tasks are a link away, because a tree may have thousands.
    """

    seen_through = "pk"
    redacted_fields = ("parameters",)
    shown_parameters = redacted_field("parameters")

    form = TreeForm
    formfield_overrides = {ManyToManyField: {"widget": forms.CheckboxSelectMultiple}}
    list_display = ("name", "tag_list", "owner", "visibility", "task_count", "version", "archived_at", "updated_at")
    list_filter = ("visibility", ("archived_at", admin.EmptyFieldListFilter), "updated_at")
    list_select_related = ("owner",)
    search_fields = ("name", "description", "tags")
    search_help_text = "Name, description or tag"
    autocomplete_fields = ("owner",)
    readonly_fields = ("task_links", "version", "created_at", "updated_at")
    fieldsets = (
        (None, {"fields": ("name", "description", "tags", "task_links")}),
        ("Who", {"fields": _WHO}),
        ("Runs", {"fields": ("parameters", "max_concurrency")}),
        ("State", {"fields": ("archived_at", "version", "created_at", "updated_at")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tree]:
        """Add the number of tasks."""
        tasks = Task.objects.filter(tree=OuterRef("pk")).order_by().values("tree").annotate(n=Count("pk")).values("n")
        trees: QuerySet[Tree] = super().get_queryset(request)
        return trees.annotate(tasks_in_all=Coalesce(Subquery(tasks), 0))

    def get_readonly_fields(self, request: HttpRequest, obj: Tree | None = None) -> tuple[str, ...]:
        """Who sees a tree is its owner's business, and an administrator's; a new tree is the maker's own."""
        actor = actor_of(request)
        fixed = (*self.readonly_fields, *self.shown_fields(request))
        if obj is not None:
            return fixed if rules.may_manage_tree(actor, obj) else (*fixed, *_WHO)
        return fixed if rules.may_administer(actor) else (*fixed, "owner")

    def has_delete_permission(self, request: HttpRequest, obj: Tree | None = None) -> bool:
        """Ask the rules."""
        return super().has_delete_permission(request, obj) and (
            obj is None or rules.may_manage_tree(actor_of(request), obj)
        )

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Let what starts its runs go with a tree, although nobody else deletes that here."""
        listed, counts, needed, protected = super().get_deleted_objects(objs, request)
        return listed, counts, needed - {model._meta.verbose_name for model in _GOES_ALONG}, protected

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Tree]) -> list[LogEntry]:
        """Lock what starts their runs first, and them, in the order of everybody else."""
        lock_for_deletion(tree.pk for tree in queryset)
        return super().log_deletions(request, queryset)

    def save_model(self, request: HttpRequest, obj: Tree, form: Any, change: bool) -> None:
        """Save, and keep the new version. A new tree belongs to who makes it, unless the form says otherwise."""
        if not change and obj.owner is None:
            obj.owner = actor_of(request).user
        super().save_model(request, obj, form, change)
        if change and form.has_changed():
            record_version(obj, actor_of(request).user, f"Changed in the admin: {', '.join(form.changed_data)}")

    @admin.display(description="tags")
    def tag_list(self, tree: Tree) -> str:
        """Show the tags in one line."""
        return ", ".join(tree.tags)

    @admin.display(description="tasks", ordering="tasks_in_all")
    def task_count(self, tree: Any) -> int:
        """Show the number of tasks."""
        return int(tree.tasks_in_all)

    @admin.display(description="tasks")
    def task_links(self, tree: Any) -> SafeString | str:
        """Link the tree's tasks."""
        if tree.pk is None or tree._state.adding:
            return "Save the tree first, then give it tasks."
        tasks = reverse("admin:orchestration_task_changelist")
        return format_html(
            '<a href="{}?tree__id__exact={}">{} tasks</a> · <a href="{}?tree={}">Add a task</a> · '
            '<a href="{}">Look at the tree and run it</a>',
            *(tasks, tree.pk, tree.tasks_in_all, reverse("admin:orchestration_task_add"), tree.pk),
            tree.get_absolute_url(),
        )
