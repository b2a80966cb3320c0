"""What people draw: trees, their versions, tasks and dependencies."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.auth.models import Group, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from orchestration.engine.definition import DEFAULT_PRIORITY, MAX_NAME_CHARS, PRIORITIES, new_id
from orchestration.engine.retry import BACKOFFS

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


def priority_field() -> models.PositiveSmallIntegerField[int, int]:
    """Build a priority column: 0 (urgent) to 3 (low)."""
    words = {0: "0 urgent", 1: "1 high", 2: "2 normal", 3: "3 low"}
    return models.PositiveSmallIntegerField(
        default=DEFAULT_PRIORITY, choices=[(number, words[number]) for number in PRIORITIES]
    )


def priority_check(name: str) -> models.CheckConstraint:
    """Build the check that a priority is 0 to 3."""
    return models.CheckConstraint(condition=Q(priority__range=(PRIORITIES[0], PRIORITIES[-1])), name=name)


class TreeQuerySet(models.QuerySet["Tree"]):
    """Trees by what people ask for."""

    def current(self) -> Self:
        """Trees that are not archived."""
        return self.filter(archived_at__isnull=True)

    def visible_to(self, user: AbstractBaseUser) -> Self:
        """Trees that a user may see: their own, those for everyone or for a group of theirs; administrators see all."""
        return self if sees_all(user) else self.filter(visible_trees(user))


def sees_all(user: AbstractBaseUser) -> bool:
    """Tell whether a user sees and manages everybody's trees."""
    return isinstance(user, PermissionsMixin) and user.has_perm("orchestration.manage_all_trees")


def visible_trees(user: AbstractBaseUser, prefix: str = "") -> Q:
    """The condition of the trees that a user may see; `prefix` leads to the tree, as in `tree__`."""
    shared = Tree.shared_with.through.objects.filter(group__user=user.pk).values("tree")
    return (
        Q((f"{prefix}owner_id", user.pk))
        | Q((f"{prefix}visibility", Tree.Visibility.EVERYONE))
        | Q((f"{prefix}visibility", Tree.Visibility.GROUPS), (f"{prefix}pk__in", shared))
    )


class Tree(models.Model):
    """A named tree of tasks. `version` grows by one at each save of the definition."""

    class Visibility(models.TextChoices):
        PRIVATE = "private", "only its owner"
        GROUPS = "groups", "the groups it is shared with"
        EVERYONE = "everyone", "everyone"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=MAX_NAME_CHARS)
    description = models.TextField(blank=True)
    tags = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    visibility = models.CharField(max_length=20, choices=Visibility.choices, default=Visibility.EVERYONE)
    shared_with = models.ManyToManyField(
        Group, blank=True, related_name="+", help_text="Groups that see it, when its visibility says so"
    )
    version = models.PositiveIntegerField(default=1, editable=False)
    parameters = models.JSONField(null=True, blank=True, help_text="A JSON Schema of a run's parameters")
    max_concurrency = models.PositiveIntegerField(null=True, blank=True, help_text="Tasks of one run at a time")
    timeout_seconds = models.FloatField(null=True, blank=True, help_text="Seconds that a run may take")
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = TreeQuerySet.as_manager()

    class Meta:
        ordering = ("name", "id")
        permissions = (("manage_all_trees", "Can see and manage everybody's trees and runs"),)
        constraints = (
            models.CheckConstraint(condition=~Q(name=""), name="tree_name_not_empty"),
            models.CheckConstraint(
                condition=Q(max_concurrency__isnull=True) | Q(max_concurrency__gte=1), name="tree_max_concurrency"
            ),
            models.CheckConstraint(
                condition=Q(timeout_seconds__isnull=True) | Q(timeout_seconds__gt=0), name="tree_timeout_positive"
            ),
        )

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return the path of the tree's page."""
        return reverse("tree", args=[self.pk])


class TreeVersion(models.Model):
    """The whole definition of a tree as it was saved once, as a portable document."""

    tree = models.ForeignKey(Tree, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    definition = models.JSONField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    message = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-number",)
        constraints = (models.UniqueConstraint(fields=["tree", "number"], name="tree_version_unique"),)

    def __str__(self) -> str:
        return f"{self.tree} v{self.number}"


class Task(models.Model):
    """One task of a tree. `uid` is the id that people, documents and dependencies use; it is unique in its tree."""

    class Origin(models.TextChoices):
        CREATE = "create"
        COPY = "copy"
        LINK = "link"
        ARCHIVE = "archive"

    tree = models.ForeignKey(Tree, on_delete=models.CASCADE, related_name="tasks")
    uid = models.CharField("id", max_length=MAX_NAME_CHARS, default=new_id)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="children")
    ordinal = models.PositiveIntegerField(default=0, editable=False)
    name = models.CharField(max_length=MAX_NAME_CHARS)
    executor = models.CharField(max_length=MAX_NAME_CHARS, null=True, blank=True)
    inputs = models.JSONField(default=dict, blank=True)
    params = models.JSONField(default=dict, blank=True)
    schemas = models.JSONField(default=dict, blank=True)
    priority = priority_field()
    timeout_seconds = models.FloatField(null=True, blank=True)
    retry_max_attempts = models.PositiveSmallIntegerField(default=1)
    retry_backoff = models.CharField(max_length=20, default="exponential", choices=[(word, word) for word in BACKOFFS])
    retry_base_seconds = models.FloatField(default=1.0)
    retry_cap_seconds = models.FloatField(default=300.0)
    retry_jitter = models.FloatField(default=0.1)
    enabled = models.BooleanField(default=True)
    pinned = models.JSONField(null=True, blank=True, help_text='{"result": …} in place of running the task')
    position = models.JSONField(null=True, blank=True)
    notes = models.TextField(blank=True)
    user_id = models.CharField(max_length=255, blank=True)
    origin = models.CharField(max_length=10, choices=Origin.choices, default=Origin.CREATE)
    source_uid = models.CharField(max_length=MAX_NAME_CHARS, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("tree", "ordinal", "id")
        constraints = (
            models.UniqueConstraint(fields=["tree", "uid"], name="task_uid_unique_in_tree"),
            # The target of the foreign keys that keep a dependency inside one tree.
            models.UniqueConstraint(fields=["tree", "id"], name="task_tree_and_id"),
            models.CheckConstraint(condition=~Q(name=""), name="task_name_not_empty"),
            models.CheckConstraint(condition=~Q(uid=""), name="task_uid_not_empty"),
            models.CheckConstraint(condition=Q(parent__isnull=True) | ~Q(parent=F("id")), name="task_not_own_parent"),
            models.CheckConstraint(condition=Q(retry_max_attempts__gte=1), name="task_retry_attempts"),
            models.CheckConstraint(
                condition=Q(timeout_seconds__isnull=True) | Q(timeout_seconds__gt=0), name="task_timeout_positive"
            ),
            models.CheckConstraint(condition=Q(retry_backoff__in=BACKOFFS), name="task_retry_backoff"),
            priority_check("task_priority"),
        )
        indexes = (models.Index(fields=["uid"], name="task_uid"),)

    def __str__(self) -> str:
        return self.name


class Dependency(models.Model):
    """An edge: `task` waits for `depends_on`. Both are in `tree`; composite foreign keys in the database hold that."""

    tree = models.ForeignKey(Tree, on_delete=models.CASCADE, related_name="dependencies")
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="dependencies")
    depends_on = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="dependents")
    required = models.BooleanField(default=True)
    ordinal = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        verbose_name_plural = "dependencies"
        ordering = ("task", "ordinal", "id")
        constraints = (
            models.UniqueConstraint(fields=["task", "depends_on"], name="dependency_unique"),
            models.CheckConstraint(condition=~Q(task=F("depends_on")), name="dependency_no_self_edge"),
        )

    def __str__(self) -> str:
        return f"{self.task} → {self.depends_on}"
