"""What people call the state of a worker. The database's clock decides, whichever machine asks."""

from __future__ import annotations

from django.db.models import BooleanField, Case, DurationField, Exists, ExpressionWrapper, F, OuterRef, Q, Value, When
from django.db.models.functions import Now

from orchestration.models import Run, Worker
from orchestration.models.operation import WorkerQuerySet

_STATE = Worker.State


def judged() -> WorkerQuerySet:
    """Return all workers without their metrics, each with what the database says of it.

    `state` is one of `Worker.State`, `live` whether it holds its lease, `age` how long ago it was last heard of, and
    `lease` how long a heartbeat counts.
    """
    owns = Exists(Run.objects.active().filter(owner=OuterRef("pk")))
    state = Case(
        When(stopped_at__isnull=False, then=Value(_STATE.STOPPED.value)),
        When(lease_expires_at__lte=Now(), then=Value(_STATE.LOST.value)),
        When(Q(draining=True) & (Q(running__gt=0) | owns), then=Value(_STATE.DRAINING.value)),
        When(draining=True, then=Value(_STATE.DRAINED.value)),
        default=Value(_STATE.LIVE.value),
    )
    live = ExpressionWrapper(Q(stopped_at__isnull=True, lease_expires_at__gt=Now()), output_field=BooleanField())
    age = ExpressionWrapper(Now() - F("heartbeat_at"), output_field=DurationField())
    lease = ExpressionWrapper(F("lease_expires_at") - F("heartbeat_at"), output_field=DurationField())
    rows = Worker.objects.defer("metrics")
    return rows.annotate(state=state, live=live, age=age, lease=lease)
