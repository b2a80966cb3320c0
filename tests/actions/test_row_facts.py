"""What the audit trail keeps of rows, and what it never keeps."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission

from orchestration.actions.row_facts import NEVER_KEPT, changes, facts_of, kept
from orchestration.models import Dependency, Secret, Task
from tests.pages.scene import make_tree, make_user

#: Names of columns that sound as if something could be opened with them ...
_SOUNDS: Final = re.compile(r"pass(?!ed)|secret|token|digest|cipher|seal|session|_key\b|\bkey")
#: ... and those of them that open nothing.
_OPENS_NOTHING: Final = {
    "axes.accesslog.session_hash",
    "orchestration.run.idempotency_key",
    "orchestration.executorconfig.rate_tokens",
    "orchestration.outgoingwebhook.old_secret_until",
    "orchestration.outgoingwebhook.secret_set_at",
    "orchestration.webhookdelivery.key",
    "orchestration.webhookreceipt.key",
    "orchestration.webhookreceipt.body_digest",
    "orchestration.auditentry.token",
    "orchestration.secretuse.secret",
}


def test_every_column_that_sounds_secret_is_decided_about() -> None:
    names = {
        f"{model._meta.label_lower}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if _SOUNDS.search(field.name)
    }
    never = {f"{label}.{name}" for label, fields in NEVER_KEPT.items() for name in fields}
    assert names - _OPENS_NOTHING == never


@pytest.mark.django_db
def test_a_person_is_kept_with_groups_and_permissions_and_without_the_password() -> None:
    ann = make_user("ann", email="ann@example.org", first_name="Ann")
    ann.groups.add(Group.objects.get(name="viewer"), Group.objects.create(name="night shift"))
    ann.user_permissions.add(Permission.objects.get(codename="add_run"))
    facts = facts_of(ann)
    assert facts | {"date_joined": None} == {
        **{"username": "ann", "first_name": "Ann", "last_name": "", "email": "ann@example.org", "last_login": None},
        **{"is_active": True, "is_staff": False, "is_superuser": False, "date_joined": None},
        "groups": ["night shift", "viewer"],
        "user_permissions": ["orchestration.add_run"],
    }
    assert datetime.fromisoformat(facts["date_joined"]).tzinfo == UTC
    assert ann.password not in str(facts)


@pytest.mark.django_db
def test_rows_of_no_name_of_their_own_are_kept_with_their_keys() -> None:
    tree = make_tree("Nightly")
    secret = Secret.objects.create(name="CRM", ciphertext="sealed", updated_at=tree.created_at, executors=["echo"])
    secret.trees.add(tree)
    assert facts_of(secret) == {
        **{"name": "CRM", "description": "", "for_all": False, "executors": ["echo"]},
        **{"trees": [f"Nightly ({tree.pk})"], "webhooks": []},
    }


@pytest.mark.django_db
def test_parts_are_kept_with_the_row() -> None:
    tree = make_tree("Nightly", tasks=2)
    first, second = Task.objects.filter(tree=tree).order_by("ordinal")
    Dependency.objects.filter(task=second).delete()
    Dependency.objects.create(tree=tree, task=second, depends_on=first, required=False)
    (edge,) = facts_of(second, "dependencies")["dependencies"]
    assert edge == {"tree": f"Nightly ({tree.pk})", "depends_on": f"{first} ({first.pk})", "required": False}
    assert facts_of(first, "dependencies")["dependencies"] == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"a": 1, "b": 2}, {"a": 1, "b": 2}, {}),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, {"b": [2, 3]}),
        ({"description": "old"}, {"description": "new"}, {"description": ["old", "new"]}),
        ({"groups": ["a"]}, {"groups": []}, {"groups": [["a"], []]}),
        # A literal secret that was replaced is a change of which nothing is said.
        (
            {"inputs": {"password": "hunter2hunter2"}},
            {"inputs": {"password": "correct horse"}},
            {"inputs": [{"password": "•••"}, {"password": "•••"}]},
        ),
        # It is taken out of every other text, too.
        (
            {"inputs": {"password": "hunter2hunter2"}, "notes": ""},
            {"inputs": {}, "notes": "was hunter2hunter2"},
            {"inputs": [{"password": "•••"}, {}], "notes": ["", "was •••"]},
        ),
    ],
)
def test_what_differs_is_kept_without_secrets(
    before: dict[str, Any], after: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert changes(before, after) == expected


def test_what_is_too_large_is_kept_by_its_size() -> None:
    assert kept({"notes": "x" * 65_536, "n": 1})["n"] == 1
    assert kept({"notes": "x" * 65_537}) == {"notes": "65,537 characters, not kept here"}
    large = {"inputs": {"text": "x" * 70_000}}
    assert changes({"inputs": {}}, large) == {"inputs": [{}, "70,012 characters, not kept here"]}
