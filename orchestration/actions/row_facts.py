"""What the audit trail keeps of rows: all that people decide about them, before and after an act, and no secret."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db.models import Field, Model

from orchestration.engine.masking import redact

#: Fields that go into no entry, by model: what opens something, and what it could be guessed or computed from. That
#: there is a new one is said by the act that makes it.
NEVER_KEPT: Final[dict[str, frozenset[str]]] = {
    "auth.user": frozenset({"password"}),
    "sessions.session": frozenset({"session_key", "session_data"}),
    "orchestration.signedin": frozenset({"session"}),
    "orchestration.apitoken": frozenset({"digest"}),
    "orchestration.calendarfeed": frozenset({"digest"}),
    "orchestration.secret": frozenset({"ciphertext"}),
    "orchestration.outgoingwebhook": frozenset({"sealed_secret", "sealed_old_secret"}),
    "orchestration.incomingwebhook": frozenset({"sealed_secret", "digest"}),
}
#: What an entry says in place of a value that it never keeps.
A_NEW_ONE: Final = "a new one"
#: A value whose JSON is longer is not kept; the versions of its tree have it.
_MAX_CHARS: Final = 64 * 1024


def facts_of(row: Model, *parts: str) -> dict[str, Any]:
    """Return what people decide about a row, as JSON by the names of its fields, with the rows that it is linked to.

    `parts` are relations whose rows are edited as a part of this one. What lies in JSON fields is as it is: `kept` and
    `changes` take literal secrets out.
    """
    facts = {field.name: _plain(getattr(row, field.name)) for field in row._meta.concrete_fields if _is_kept(field)}
    for field in row._meta.many_to_many:
        if _is_kept(field):
            facts[field.name] = sorted(_name_of(other) for other in getattr(row, field.name).all())
    for name in parts:
        ours = next(link.field.name for link in row._meta.related_objects if link.get_accessor_name() == name)
        rows = getattr(row, name).order_by("pk")
        facts[name] = [{key: value for key, value in facts_of(part).items() if key != ours} for part in rows]
    return facts


def kept(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts as an entry keeps them: without literal secrets, and without values that are too large."""
    return {name: _bounded(value) for name, value in redact(dict(facts)).items()}


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return `{name: [before, after]}` of what differs, as an entry keeps it.

    Compared is what was there, so that a literal secret that was replaced is a change, too.
    """
    changed = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    return {name: [_bounded(value) for value in pair] for name, pair in redact(changed).items()}


def permission_name(permission: Permission) -> str:
    """Return the name of a permission, `app.codename`."""
    # The kinds of rows are kept in memory; the permission's own text would ask for them one by one.
    return f"{ContentType.objects.get_for_id(permission.content_type_id).app_label}.{permission.codename}"


def _is_kept(field: Field[Any, Any]) -> bool:
    never = NEVER_KEPT.get(field.model._meta.label_lower, frozenset())
    return field.editable and not field.primary_key and field.name not in never


def _plain(value: Any) -> Any:
    if isinstance(value, Model):
        return _name_of(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value if value is None or isinstance(value, bool | int | float | str | list | dict) else str(value)


def _name_of(row: Model) -> str:
    """Name a row as people do; with its key, unless its name is one."""
    if isinstance(row, Permission):
        return permission_name(row)
    return str(row) if isinstance(row, User | Group) else f"{row} ({row.pk})"


def _bounded(value: Any) -> Any:
    length = len(value) if isinstance(value, str) else _length(value) if isinstance(value, list | dict) else 0
    return value if length <= _MAX_CHARS else f"{length:,} characters, not kept here"


def _length(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False))
