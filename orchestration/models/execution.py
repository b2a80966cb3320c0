"""What happened: runs, task runs, attempts, logs, events, and the commands that people send to live runs."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar, Final, Self

from django.conf import settings
from django.db import models
from django.db.models import DurationField, ExpressionWrapper, F, Q, Value
from django.db.models.functions import Coalesce
from django.urls import reverse

from orchestration.engine.definition import MAX_NAME_CHARS
from orchestration.engine.status import ACTIVE, TERMINAL, Status

from .definition import Tree, priority_check, priority_field, sees_all, visible_trees
from .operation import Worker

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

STATUS_CHOICES = [(status.value, status.value.replace("_", " ")) for status in Status]
_ACTIVE = sorted(ACTIVE)
_TERMINAL = sorted(TERMINAL)
#: How long a run took; nothing for one that has no duration yet. An index has it in this form.
DURATION: Final = Coalesce(
    ExpressionWrapper(F("finished_at") - F("started_at"), output_field=DurationField()),
    Value(timedelta(0), output_field=DurationField()),
)


def _status_checks(prefix: str) -> tuple[models.CheckConstraint, ...]:
    """Build the checks that runs and task runs share: a known status, and times that agree with it."""
    finished = Q(status__in=_TERMINAL, finished_at__isnull=False)
    unfinished = Q(status__in=_ACTIVE, finished_at__isnull=True)
    started = ~Q(status=Status.IN_PROGRESS.value) | Q(started_at__isnull=False)
    return (
        models.CheckConstraint(condition=Q(status__in=sorted(Status)), name=f"{prefix}_status"),
        models.CheckConstraint(condition=finished | unfinished, name=f"{prefix}_finished_when_terminal"),
        models.CheckConstraint(condition=started, name=f"{prefix}_started_when_in_progress"),
    )


def _ran_by() -> models.ForeignKey[Worker | None, Worker | None]:
    """Build the field that names the worker of an attempt.

    There is no constraint, and no index: both would be paid for at each start. Without an index a constraint would look
    through all task runs for each worker that is pruned; `store.prune` deletes none that is named anywhere.
    """
    return models.ForeignKey(
        Worker, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False, db_constraint=False
    )


class RunQuerySet(models.QuerySet["Run"]):
    """Runs by state."""

    def active(self) -> Self:
        """Runs that are not finished."""
        return self.filter(status__in=_ACTIVE)

    def finished(self) -> Self:
        """Runs that are finished."""
        return self.filter(status__in=_TERMINAL)

    def newest_first(self) -> Self:
        """Order by the time of queueing, newest first, with a stable tie-break."""
        return self.order_by("-queued_at", "-id")

    def visible_to(self, user: AbstractBaseUser) -> Self:
        """Runs of trees that a user may see, and runs that they started."""
        return self if sees_all(user) else self.filter(visible_trees(user, "tree__") | Q(requested_by_id=user.pk))


class Run(models.Model):
    """One execution of a tree: a snapshot, owned by one worker at a time. Every write names its `epoch`."""

    class Trigger(models.TextChoices):
        MANUAL = "manual", "manual"
        API = "api", "API"
        SCHEDULE = "schedule", "schedule"
        WEBHOOK = "webhook", "webhook"
        RETRY = "retry", "re-run"
        SDK = "sdk", "SDK"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tree = models.ForeignKey(Tree, null=True, blank=True, on_delete=models.SET_NULL, related_name="runs")
    tree_name = models.CharField(max_length=MAX_NAME_CHARS)
    tree_version = models.PositiveIntegerField(default=1)
    status = models.CharField(max_length=20, choices=STATUS_CHOICES, default=Status.PENDING)
    priority = priority_field()
    trigger = models.CharField(max_length=20, choices=Trigger.choices, default=Trigger.MANUAL)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    idempotency_key = models.CharField(max_length=255, null=True, blank=True, unique=True)
    parameters = models.JSONField(default=dict, blank=True)
    parent_run = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="reruns")
    max_concurrency = models.PositiveIntegerField(null=True, blank=True)
    timeout_seconds = models.FloatField(null=True, blank=True)
    task_count = models.PositiveIntegerField(default=0)
    error = models.TextField(null=True, blank=True)
    queued_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    owner = models.ForeignKey(Worker, null=True, blank=True, on_delete=models.SET_NULL, related_name="runs")
    epoch = models.PositiveIntegerField(default=0)
    last_seq = models.PositiveBigIntegerField(default=0)
    paused = models.BooleanField(default=False)
    timed_out = models.BooleanField(default=False)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    cancel_reason = models.TextField(blank=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        ordering = ("-queued_at", "-id")
        constraints = (
            *_status_checks("run"),
            models.CheckConstraint(
                condition=Q(status__in=_ACTIVE) | Q(owner__isnull=True), name="run_no_owner_when_terminal"
            ),
            priority_check("run_priority"),
        )
        indexes = (
            # What a claim looks for, in claim order; finished runs are not in it.
            models.Index(fields=["priority", "queued_at"], name="run_claim", condition=Q(status__in=_ACTIVE)),
            models.Index(fields=["-queued_at", "-id"], name="run_newest"),
            models.Index(fields=["finished_at"], name="run_finished", condition=Q(finished_at__isnull=False)),
            models.Index(fields=["tree", "-queued_at"], name="run_of_tree"),
            # One for each order of the list; read backwards where the largest comes first.
            models.Index(fields=["status", "queued_at", "id"], name="run_by_status"),
            models.Index(DURATION, "id", name="run_by_duration"),
            # The last good and the last failed run of a tree.
            models.Index(fields=["tree", "status", "-queued_at"], name="run_of_tree_by_status"),
        )

    def __str__(self) -> str:
        return f"{self.tree_name} ({str(self.pk)[:8]})"

    def get_absolute_url(self) -> str:
        """Return the path of the run's page."""
        return reverse("run", args=[self.pk])


class TaskRun(models.Model):
    """One task in one run: the definition as it was when the run started, and what became of it.

    `attempt` counts every start; `uncounted_attempts` are those that a lost worker or a hand-back ended, which no
    retry policy pays for. `result` NULL is no result; a returned None is JSON null.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="task_runs")
    task_uid = models.CharField("task id", max_length=MAX_NAME_CHARS)
    ordinal = models.PositiveIntegerField()
    name = models.CharField(max_length=MAX_NAME_CHARS)
    executor = models.CharField(max_length=MAX_NAME_CHARS, null=True, blank=True)
    parent_uid = models.CharField(max_length=MAX_NAME_CHARS, null=True, blank=True)
    priority = priority_field()
    inputs = models.JSONField(default=dict)
    params = models.JSONField(default=dict)
    schemas = models.JSONField(default=dict)
    resolved_inputs = models.JSONField(null=True)
    dependencies = models.JSONField(default=list)
    timeout_seconds = models.FloatField(null=True)
    position = models.JSONField(null=True)
    retry = models.JSONField(default=dict)
    enabled = models.BooleanField(default=True)
    pinned = models.JSONField(null=True)
    status = models.CharField(max_length=20, choices=STATUS_CHOICES, default=Status.PENDING)
    result = models.JSONField(null=True)
    error = models.TextField(null=True)
    error_type = models.CharField(max_length=255, null=True)
    first_cause_uid = models.CharField(max_length=MAX_NAME_CHARS, null=True)
    cancel_reason = models.TextField(null=True)
    progress = models.FloatField(default=0)
    progress_message = models.CharField(max_length=500, blank=True)
    attempt = models.PositiveIntegerField(default=0)
    uncounted_attempts = models.PositiveIntegerField(default=0)
    worker_losses = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    worker = _ran_by()
    reused_from = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ("run", "ordinal")
        constraints = (
            *_status_checks("task_run"),
            models.UniqueConstraint(fields=["run", "task_uid"], name="task_run_unique"),
            models.UniqueConstraint(fields=["run", "ordinal"], name="task_run_ordinal"),
            models.CheckConstraint(
                condition=~Q(status=Status.FAILED.value) | (Q(error__isnull=False) & ~Q(error="")),
                name="task_run_failed_has_error",
            ),
            models.CheckConstraint(condition=Q(progress__range=(0, 1)), name="task_run_progress"),
            priority_check("task_run_priority"),
        )

    def __str__(self) -> str:
        return self.name


class TaskAttempt(models.Model):
    """An attempt that did not end its task."""

    class Reason(models.TextChoices):
        FAILED = "failed", "failed and is tried again"
        WORKER_LOST = "worker_lost", "its worker was lost"
        HANDED_BACK = "handed_back", "its worker stopped"

    task_run = models.ForeignKey(TaskRun, on_delete=models.CASCADE, related_name="attempts")
    attempt = models.PositiveIntegerField()
    reason = models.CharField(max_length=20, choices=Reason.choices)
    error = models.TextField(blank=True)
    error_type = models.CharField(max_length=255, blank=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField()
    worker = _ran_by()

    class Meta:
        ordering = ("task_run", "attempt")
        constraints = (models.UniqueConstraint(fields=["task_run", "attempt"], name="attempt_unique"),)

    def __str__(self) -> str:
        return f"{self.task_run} attempt {self.attempt}"


class TaskLog(models.Model):
    """One line of a task's log. `level` is a number of Python's `logging` (20 INFO, 40 ERROR)."""

    task_run = models.ForeignKey(TaskRun, on_delete=models.CASCADE, related_name="logs", db_index=False)
    attempt = models.PositiveIntegerField()
    level = models.PositiveSmallIntegerField()
    logger = models.CharField(max_length=255, blank=True)
    message = models.TextField()
    at = models.DateTimeField()

    class Meta:
        ordering = ("id",)
        indexes = (models.Index(fields=["task_run", "id"], name="log_of_task_run"),)

    def __str__(self) -> str:
        return self.message[:80]


class TakeOver(models.Model):
    """A run whose worker was lost, and the worker that went on with it, from this `epoch` on."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="take_overs", db_index=False)
    lost = models.ForeignKey(Worker, on_delete=models.CASCADE, related_name="runs_lost")
    taken_by = models.ForeignKey(Worker, null=True, on_delete=models.SET_NULL, related_name="runs_taken_over")
    epoch = models.PositiveIntegerField()
    at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        constraints = (models.UniqueConstraint(fields=["run", "epoch"], name="take_over_unique"),)

    def __str__(self) -> str:
        return f"{self.run} from {self.lost}"


class RunEvent(models.Model):
    """One entry of a run's ordered log: `seq` is 1, 2, 3 … without a hole. Types: docs/events.md."""

    pk = models.CompositePrimaryKey("run_id", "seq")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="events", db_index=False)
    seq = models.PositiveBigIntegerField()
    type = models.CharField(max_length=40)
    # No constraint: the row exists as long as its run, and checking it again costs a look-up for each event.
    task_run = models.ForeignKey(
        TaskRun, null=True, on_delete=models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False
    )
    data = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        ordering = ("run_id", "seq")
        indexes = (
            # The hooks of a task, and those of a run; nothing else is in them.
            models.Index(fields=["task_run"], name="event_of_hooks", condition=Q(type="task.hooks")),
            models.Index(fields=["run"], name="event_of_run_hooks", condition=Q(type="run.hooks")),
        )

    def __str__(self) -> str:
        return f"{self.seq} {self.type}"


class RunCommand(models.Model):
    """What somebody asks of a live run. Its owner carries it out and writes what came of it."""

    class Kind(models.TextChoices):
        CANCEL = "cancel"
        PAUSE = "pause"
        RESUME = "resume"
        SET_PRIORITY = "set_priority"
        RETRY = "retry"
        SKIP = "skip"
        RUN_NOW = "run_now"

    #: Commands that name a task run when they are about one task.
    FOR_TASKS: ClassVar = frozenset({Kind.CANCEL, Kind.SET_PRIORITY, Kind.RETRY, Kind.SKIP, Kind.RUN_NOW})
    #: Commands that are about one task and never about the run.
    FOR_TASKS_ONLY: ClassVar = frozenset({Kind.RETRY, Kind.SKIP, Kind.RUN_NOW})

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="commands")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    task_run = models.ForeignKey(TaskRun, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    data = models.JSONField(default=dict)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    reason = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    handled_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("id",)
        indexes = (models.Index(fields=["run", "id"], name="command_open", condition=Q(handled_at__isnull=True)),)

    def __str__(self) -> str:
        return f"{self.kind} {self.run}"
