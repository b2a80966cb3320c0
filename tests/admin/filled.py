"""A database with rows of everything that the administration shows, hostile names included."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.contrib.postgres.fields import ArrayField
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from orchestration.engine.status import Status
from orchestration.models import TaskRun, WebhookDelivery
from tests.pages.scene import HOSTILE, make_run, make_scene, make_tree, make_worker

#: Rows of a table that is in the way of a list when each costs a query.
ROWS = 30
#: What constraints want together.
OWN: dict[type[models.Model], dict[str, Any]] = {WebhookDelivery: {"next_attempt_at": timezone.now()}}


def fill(user: User) -> None:
    """Make trees, tasks, runs, workers, and a few rows of every other table."""
    make_scene(user)
    for number in range(ROWS):
        tree = make_tree(f"{HOSTILE} {number}", tasks=2, owner=user, description=HOSTILE, tags=[HOSTILE])
        worker = make_worker(f"{HOSTILE} {number}", host=HOSTILE, executors=["echo", HOSTILE])
        run = make_run(
            tree, Status.IN_PROGRESS, tasks=2, owner=worker, requested_by=user, parameters={HOSTILE: HOSTILE}
        )
        TaskRun.objects.filter(run=run).update(name=HOSTILE, error=HOSTILE, worker=worker)


def fill_table(model: type[models.Model], rows: int = 3) -> None:
    """Give a table rows, if it has none: texts are hostile where they may be, and what must be unique is."""
    while model._default_manager.count() < rows:
        try:
            _make(model, HOSTILE)
        except (IntegrityError, TypeError, ValueError):
            try:
                _make(model, "row")
            except (IntegrityError, TypeError, ValueError) as error:
                raise AssertionError(f"{model.__name__} needs rows of its own in {__name__}: {error}") from error


def _make(model: type[models.Model], text: str) -> models.Model:
    fields = (field for field in model._meta.concrete_fields if not _has_value(field))
    with transaction.atomic():
        values = {field.name: _value(field, text) for field in fields} | OWN.get(model, {})
        return model._default_manager.create(**values)


def _has_value(field: Any) -> bool:
    has_default = field.has_default() or field.db_default is not models.NOT_PROVIDED
    return bool(isinstance(field, models.AutoField) or has_default or field.null)


def _value(field: Any, text: str) -> Any:
    if field.is_relation:
        return _make(field.related_model, text) if field.unique else _related(field.related_model)
    if field.choices:
        return field.choices[0][0]
    kinds: dict[type, Any] = {
        models.DateTimeField: timezone.now(),
        models.GenericIPAddressField: "192.0.2.1",
        models.UUIDField: uuid.uuid4(),
        models.BooleanField: False,
        models.FloatField: 1.0,
        models.IntegerField: 1,
        models.JSONField: {},
        models.BinaryField: b"x",
        models.URLField: "https://example.org/",
        ArrayField: [],
    }
    found = next((value for kind, value in kinds.items() if isinstance(field, kind)), None)
    return found if found is not None else _text(field, text)


def _text(field: Any, text: str) -> str:
    is_unique = field.unique or any(
        field.name in constraint.fields
        for constraint in field.model._meta.constraints
        if isinstance(constraint, models.UniqueConstraint)
    )
    return (f"r{uuid.uuid4().hex[:8]}{text}" if is_unique or field.name == "name" else text)[: field.max_length]


def _related(model: type[models.Model]) -> models.Model:
    found = model._default_manager.first()
    if found is None:
        fill_table(model, 1)
        found = model._default_manager.first()
    assert found is not None
    return found


def content_types() -> int:
    """Load Django's cache of content types, whose queries are not a page's."""
    return len([ContentType.objects.get_for_id(row.pk) for row in ContentType.objects.all()])
