"""What is wrong with a row before it is saved, by Django, and by the database when it is: as problems with places."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Model
from psycopg.errors import UniqueViolation

from orchestration.engine.errors import InvalidDefinitionError, Problem
from orchestration.engine.json_values import text_problem


def field_problems(row: Model, names: tuple[str, ...]) -> list[Problem]:
    """List what is wrong with some fields of a row: types, bounds, choices, and texts that are taken already."""
    unstorable = [name for name in names if isinstance(getattr(row, name), str) and text_problem(getattr(row, name))]
    if unstorable:
        return [Problem(f"$.{name}", "has a character that can't be stored") for name in unstorable]
    others = {field.name for field in row._meta.fields} - set(names)
    try:
        row.full_clean(exclude=others, validate_constraints=False)
    except ValidationError as error:
        return [Problem(f"$.{name}", " ".join(messages)) for name, messages in sorted(error.message_dict.items())]
    return []


@contextmanager
def unless_taken(path: str) -> Iterator[None]:
    """Save a row whose name somebody else may have taken since it was looked at. Raises InvalidDefinitionError then."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if not isinstance(error.__cause__, UniqueViolation):
            raise
        raise InvalidDefinitionError([Problem(path, "somebody else has just taken this")]) from error
