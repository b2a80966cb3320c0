"""What is refused because somebody else acted at the same moment: said, and no fault of the server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, OperationalError
from django.test import Client
from django.urls import reverse
from psycopg.errors import CheckViolation, DeadlockDetected, ForeignKeyViolation, UniqueViolation

import orchestration.executors.echo  # noqa: F401 - registers it
from orchestration.actions.conflicts import conflict_text
from orchestration.actions.schedules import create_schedule
from orchestration.engine.errors import NotPossibleError
from orchestration.models import Schedule, Secret, Task, Tree
from orchestration.pages import hooks_in, schedules
from orchestration.store.vault import seal
from tests.lock_race import act_after_waiting, race
from tests.pages.scene import make_tree

pytestmark = pytest.mark.django_db(transaction=True)

HOURLY = {"name": "Hourly", "kind": "interval", "expression": "3600"}


def schedule_of(admin: User) -> Schedule:
    return create_schedule(make_tree(), HOURLY, user=admin)


def raised(error: type[Exception], cause: type[Exception]) -> Exception:
    try:
        raise error from cause()
    except error as caught:
        return caught


def failing(error: Exception) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    return fail


@pytest.mark.parametrize("act", ["schedule-delete", "schedule-switch", "schedule-run"])
def test_a_row_that_goes_while_an_act_waits_for_it_is_not_found(admin: User, as_admin: Client, act: str) -> None:
    found = schedule_of(admin)
    address = reverse(act, args=[found.pk])
    answer = act_after_waiting(found, found.delete, lambda: as_admin.post(address, {"enabled": "false"}))
    assert answer.status_code == 404 and "There is nothing here" in answer.content.decode()


def test_a_form_of_the_admin_says_that_a_name_was_taken_meanwhile(as_admin: Client) -> None:
    typed = {"name": "CRM", "value": "s3cret-value", "executors": ["echo"]}
    answer = race(
        lambda: Secret.objects.create(name="CRM", ciphertext=seal("another"), updated_at="2026-11-29T00:00:00Z"),
        lambda: as_admin.post(reverse("admin:orchestration_secret_add"), typed),
    )
    form = answer.context["adminform"].form
    assert form.errors == {"name": ["somebody else has just taken this"]} and form["executors"].value() == ["echo"]
    assert Secret.objects.count() == 1 and not list(answer.context["messages"])


def test_a_form_of_the_admin_says_that_the_same_edge_was_made_meanwhile(as_admin: Client) -> None:
    tree = make_tree()
    one, *_, last = tree.tasks.order_by("ordinal")
    typed = {"task": last.pk, "depends_on": one.pk, "required": "on"}
    answer = race(
        lambda: last.dependencies.create(tree=tree, depends_on=one),
        lambda: as_admin.post(reverse("admin:orchestration_dependency_add"), typed),
    )
    said = " ".join(answer.context["adminform"].form.non_field_errors())
    assert answer.status_code == 200 and "already exists" in said
    assert last.dependencies.filter(depends_on=one).count() == 1


def test_a_tree_that_goes_while_a_schedule_is_made_for_it_is_a_conflict(admin: User, as_admin: Client) -> None:
    tree = make_tree()
    body = {"name": "Nightly", "kind": "daily", "expression": "02:30", "tree": str(tree.pk)}

    def make() -> Any:
        return as_admin.post("/api/v1/schedules", body, content_type="application/json")

    answer = race(tree.delete, make)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "conflict")
    assert not Schedule.objects.exists() and not Tree.objects.exists() and not Task.objects.exists()


@pytest.mark.parametrize(
    ("error", "cause", "said"),
    [
        (IntegrityError, UniqueViolation, "of the same name"),
        (IntegrityError, ForeignKeyViolation, "was deleted"),
        (OperationalError, DeadlockDetected, "the same things"),
    ],
)
def test_errors_of_the_database_that_come_of_others_are_said_in_words(
    error: type[Exception], cause: type[Exception], said: str
) -> None:
    text = conflict_text(raised(error, cause))
    assert text is not None and said in text and text.endswith("try once more")


def test_other_errors_of_the_database_stay_faults() -> None:
    assert conflict_text(raised(IntegrityError, CheckViolation)) is None
    assert conflict_text(OperationalError("server closed the connection")) is None


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (NotPossibleError("A backfill of “Hourly” goes on."), "A backfill of “Hourly” goes on."),
        (raised(OperationalError, DeadlockDetected), "Others were changing the same things at the same moment"),
    ],
)
def test_a_page_says_what_an_act_refused(
    admin: User, as_admin: Client, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    found = schedule_of(admin)
    monkeypatch.setattr(schedules, "delete_schedule", failing(error))
    answer = as_admin.post(reverse("schedule-delete", args=[found.pk]))
    shown = answer.content.decode()
    assert answer.status_code == 409 and "This was not done" in shown and said in shown and ".." not in shown


def test_what_only_reads_refuses_nothing(as_admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedules, "listed_schedules", failing(NotPossibleError("a fault")))
    with pytest.raises(NotPossibleError):
        as_admin.get(reverse("schedules"))


def test_a_program_that_sends_at_such_a_moment_is_asked_to_try_again(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks_in, "receive", failing(raised(IntegrityError, ForeignKeyViolation)))
    answer = client.post("/hooks/in/token", {}, content_type="application/json")
    assert (answer.status_code, answer.json()["error"]["code"], answer.headers["Retry-After"]) == (503, "busy", "1")
