"""Tasks and their dependencies in the admin. Every form checks the whole tree with its change applied."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import Resolver404, resolve

from orchestration.actions.trees import record_version
from orchestration.engine.definition import TIMEOUT_SECONDS, DependencySpec
from orchestration.engine.retry import ATTEMPTS, DELAY_SECONDS, JITTER
from orchestration.models import Dependency, Task, Tree

from .audited import Audited
from .bounded import bound
from .definitions import check_edge, check_task
from .filters import ExecutorFilter
from .generics import BaseInlineFormSet, ModelAdmin, ModelForm, TabularInline
from .json_fields import nullable_field, object_field
from .redacted import Redacted, redacted_field
from .turns import SeenModelForm, TakesTurns
from .visible import Visible

_FORMSET = "dependencies"
#: What the lines of dependencies are called where somebody else has changed them.
_EDGES: Final = "Waits for"
_GONE: Final = "Somebody else has deleted it in the meantime."
_BOUNDS: Final[dict[str, tuple[float, float]]] = {
    "timeout_seconds": TIMEOUT_SECONDS,
    "retry_max_attempts": ATTEMPTS,
    "retry_base_seconds": DELAY_SECONDS,
    "retry_cap_seconds": DELAY_SECONDS,
    "retry_jitter": JITTER,
}


class TaskForm(SeenModelForm[Task]):
    """One task. Its dependencies are checked with it by the formset below, when the page has one."""

    inputs = object_field("Inputs")
    params = object_field("Params")
    schemas = object_field("Schemas")
    pinned = nullable_field("Pinned result", '{"result": …} is taken in place of running the task.')
    position = nullable_field("Position")

    class Meta:
        model = Task
        fields = "__all__"

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name, bounds in _BOUNDS.items():
            bound(self, name, *bounds)

    def stored(self) -> dict[str, Any]:
        """Add what it waits for, which is edited on the same page."""
        edges = self.instance.dependencies.order_by("pk").values_list("depends_on__name", "required")
        return {**super().stored(), _EDGES: ", ".join(f"{name}{'' if must else ' (optional)'}" for name, must in edges)}

    def clean(self) -> dict[str, Any]:
        """Check the parent's tree, and the graph when no formset will."""
        cleaned = super().clean() or {}
        if self.instance._state.adding and cleaned.get("tree") and not _lock_trees(pk=cleaned["tree"].pk):
            self.add_error("tree", _GONE)
        tree = cleaned.get("tree") or self.instance.tree if self.instance.tree_id or cleaned.get("tree") else None
        parent = cleaned.get("parent")
        if parent is not None and tree is not None and parent.tree_id != tree.pk:
            self.add_error("parent", f"{parent} is a task of another tree, {parent.tree}.")
        pinned = cleaned.get("pinned")
        if pinned is not None and set(pinned) != {"result"}:
            self.add_error("pinned", 'This must be {"result": …} and nothing else.')
        return cleaned

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # fills the instance
        if not self.errors and f"{_FORMSET}-TOTAL_FORMS" not in self.data:
            try:
                check_task(self.instance, None)
            except ValidationError as error:
                self.add_error(None, error)


class DependencyFormSet(BaseInlineFormSet[Dependency, Task, ModelForm[Dependency]]):
    """The dependencies of one task, checked together with what the task's form says."""

    def clean(self) -> None:
        """Refuse edges to other trees, double ones, and cycles."""
        super().clean()
        if any(self.errors) or not self.instance.tree_id:
            return
        edges = []
        stored = dict(Dependency.objects.filter(task=self.instance.pk).values_list("depends_on", "pk"))
        shown = {form.instance.pk for form in self.initial_forms}
        for form in self.forms:
            target: Task | None = form.cleaned_data.get("depends_on")
            if target is None or form.cleaned_data.get("DELETE"):
                continue
            if target.tree_id != self.instance.tree_id:
                raise ValidationError(f"{target} is a task of another tree, {target.tree}.", code="tree")
            # Lines are written one by one, first those that were there: no two may name the same task in between.
            other, is_new = stored.get(target.pk), form.instance._state.adding
            if other not in (None, form.instance.pk) and not (is_new and other in shown):
                raise ValidationError(f"It waits for {target} already: load the page again, and change that line.")
            form.instance.tree = self.instance.tree
            edges.append(DependencySpec(target.uid, bool(form.cleaned_data.get("required"))))
        check_task(self.instance, tuple(edges))


class DependencyInline(TabularInline[Dependency, Task]):
    """What a task waits for."""

    model = Dependency
    formset = DependencyFormSet
    fk_name = "task"
    fields = ("depends_on", "required")
    autocomplete_fields = ("depends_on",)
    extra = 0
    verbose_name = "task that it waits for"
    verbose_name_plural = "waits for"


@admin.register(Task)
class TaskAdmin(TakesTurns, Audited, Redacted, Visible, ModelAdmin[Task]):
    """The tasks of all trees: what each runs, with which inputs, and how often it is tried."""

    redacted_fields = ("inputs", "params", "schemas", "pinned")
    shown_inputs = redacted_field("inputs")
    shown_params = redacted_field("params")
    shown_schemas = redacted_field("schemas")
    shown_pinned = redacted_field("pinned")

    form = TaskForm
    inlines = (DependencyInline,)
    audited_parts = ("dependencies",)
    list_display = ("name", "tree", "executor", "priority", "parent", "enabled", "updated_at")
    list_filter = ("enabled", "priority", ExecutorFilter, "origin")
    list_select_related = ("tree", "parent")
    search_fields = ("name", "uid", "tree__name")
    search_help_text = "Name, id or tree"
    autocomplete_fields = ("tree", "parent")
    readonly_fields = ("origin", "source_uid", "created_at", "updated_at")
    show_full_result_count = False
    fieldsets = (
        (None, {"fields": ("tree", "uid", "name", "executor", "parent", "enabled", "notes")}),
        ("What it gets", {"fields": ("inputs", "params", "schemas", "pinned")}),
        ("When and how long", {"fields": ("priority", "timeout_seconds")}),
        (
            "Retry",
            {
                "fields": (
                    "retry_max_attempts",
                    "retry_backoff",
                    ("retry_base_seconds", "retry_cap_seconds", "retry_jitter"),
                )
            },
        ),
        ("More", {"classes": ("collapse",), "fields": ("position", "user_id", *readonly_fields)}),
    )

    def lock_row(self, pk: Any) -> None:
        """Lock its tree, as everybody does who changes tasks."""
        _lock_trees(tasks=pk)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Task]) -> list[LogEntry]:
        """Lock the trees first, in the order of everybody else."""
        _lock_trees(tasks__in=queryset)
        return super().log_deletions(request, queryset)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Let links narrow the list to one tree, without a filter that lists every tree."""
        return lookup == "tree__id__exact" or super().lookup_allowed(lookup, value, request)

    def get_readonly_fields(self, request: HttpRequest, obj: Task | None = None) -> tuple[str, ...]:
        """A task stays in its tree and keeps its id: other tasks, runs and documents name it."""
        fixed = (*self.readonly_fields, *self.shown_fields(request))
        return fixed if obj is None else (*fixed, "tree", "uid")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Task], search_term: str
    ) -> tuple[QuerySet[Task], bool]:
        """Offer, where a task of the same tree is chosen, only those."""
        found, has_duplicates = super().get_search_results(request, queryset, search_term)
        tree = _tree_of_asking_page(request) if request.path.endswith("/autocomplete/") else None
        return (found if tree is None else found.filter(tree=tree)), has_duplicates

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save, and keep the tree's new version."""
        super().save_related(request, form, formsets, change)
        _record(request, form.instance.tree, f"Task {form.instance} {'changed' if change else 'added'} in the admin")

    def delete_model(self, request: HttpRequest, obj: Task) -> None:
        """Delete, and keep the tree's new version."""
        super().delete_model(request, obj)
        _record(request, obj.tree, f"Task {obj} deleted in the admin")

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Task]) -> None:
        """Delete many, and keep each tree's new version."""
        trees = list(Tree.objects.filter(tasks__in=queryset).distinct())
        super().delete_queryset(request, queryset)
        for tree in trees:
            _record(request, tree, "Tasks deleted in the admin")


def _tree_of_asking_page(request: HttpRequest) -> UUID | None:
    """Return the tree of the task that is edited on the page which asks for suggestions, if there is one."""
    parts = urlsplit(request.headers.get("Referer", ""))
    try:
        match = resolve(parts.path)
        if match.url_name == "orchestration_task_change":
            return Task.objects.values_list("tree_id", flat=True).filter(pk=match.kwargs["object_id"]).first()
        if match.url_name == "orchestration_task_add":
            return UUID(parse_qs(parts.query)["tree"][0])
    except (Resolver404, KeyError, ValueError):
        pass
    return None


def _lock_trees(**condition: Any) -> bool:
    """Keep others from saving trees until the transaction ends; False when there are none."""
    found = Tree.objects.filter(**condition).order_by("pk").select_for_update(of=("self",), no_key=True)
    return bool(found.values_list("pk"))


def _record(request: HttpRequest, tree: Tree, message: str) -> None:
    user: Any = request.user
    record_version(tree, user, message)


class DependencyForm(SeenModelForm[Dependency]):
    """One edge on its own."""

    class Meta:
        model = Dependency
        fields = ("task", "depends_on", "required")

    def clean(self) -> dict[str, Any]:
        """Refuse an edge between trees, a double one, and one that closes a cycle."""
        cleaned = super().clean() or {}
        task, depends_on = cleaned.get("task"), cleaned.get("depends_on")
        if task is None or depends_on is None:
            return cleaned
        if task.tree_id != depends_on.tree_id:
            self.add_error("depends_on", f"It is a task of another tree, {depends_on.tree}.")
            return cleaned
        # The tree may be a new one, or the edge a new one of it: nobody else changes the graph that is checked.
        _lock_trees(pk=task.tree_id)
        if not Task.objects.filter(pk=task.pk, tree=task.tree_id).exists():
            self.add_error("task", _GONE)
            return cleaned
        # One of another tree is none that this replaces: tasks of copies have the same ids.
        edges = Dependency.objects.select_related("task", "depends_on")
        old = edges.filter(pk=self.instance.pk, tree=task.tree_id).first()
        check_edge(task, depends_on, (old.task, old.depends_on) if old else None)
        self.instance.tree = task.tree
        return cleaned


@admin.register(Dependency)
class DependencyAdmin(TakesTurns, Audited, Visible, ModelAdmin[Dependency]):
    """Which task waits for which; whether it has to be completed, or to have ended only."""

    form = DependencyForm
    list_display = ("task", "depends_on", "required", "tree")
    list_filter = ("required",)
    list_select_related = ("task", "depends_on", "tree")
    search_fields = ("task__name", "depends_on__name", "tree__name")
    search_help_text = "Name of a task or of a tree"
    autocomplete_fields = ("task", "depends_on")
    show_full_result_count = False

    def lock_row(self, pk: Any) -> None:
        """Lock its tree."""
        _lock_trees(dependencies=pk)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Dependency]) -> list[LogEntry]:
        """Lock the trees first, in the order of everybody else."""
        _lock_trees(dependencies__in=queryset)
        return super().log_deletions(request, queryset)

    def save_model(self, request: HttpRequest, obj: Dependency, form: Any, change: bool) -> None:
        """Save, and keep the trees' new versions (an edge may have been moved to another tree)."""
        before = set(Tree.objects.filter(dependencies=obj.pk)) if change else set()
        super().save_model(request, obj, form, change)
        for tree in before | {obj.tree}:
            _record(request, tree, f"Dependency {obj} saved in the admin")

    def delete_model(self, request: HttpRequest, obj: Dependency) -> None:
        """Delete, and keep the tree's new version."""
        super().delete_model(request, obj)
        _record(request, obj.tree, f"Dependency {obj} deleted in the admin")

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Dependency]) -> None:
        """Delete many, and keep each tree's new version."""
        trees = list(Tree.objects.filter(dependencies__in=queryset).distinct())
        super().delete_queryset(request, queryset)
        for tree in trees:
            _record(request, tree, "Dependencies deleted in the admin")
