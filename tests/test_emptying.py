"""A database that is emptied quickly is as empty as one that Django has emptied."""

from __future__ import annotations

import threading

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import connection, transaction

from orchestration.actions import audit
from orchestration.models import AuditEntry, Tree
from tests import emptying
from tests.lock_race import somebody_waits
from tests.pages.scene import make_scene, make_user
from tests.store.test_backups import Rows, every_row

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


def without_numbers(rows: Rows) -> dict[str, int]:
    """How many rows there are: Django numbers what it makes again anew."""
    return {table: len(found) for table, found in rows.items()}


def test_it_leaves_what_django_leaves() -> None:
    call_command("flush", verbosity=0, interactive=False)
    by_django = without_numbers(every_row())
    emptying.install()
    make_scene(make_user("ada"))
    audit.record("tree.save", reason="an entry that nothing may delete")
    before = every_row()["auth_permission"]
    assert emptying.empty_quickly()
    assert without_numbers(every_row()) == by_django
    assert every_row()["auth_permission"] == before
    # What keeps the database right is in force again.
    audit.record("tree.save")
    with pytest.raises(Exception, match="neither changed nor deleted"), transaction.atomic():
        AuditEntry.objects.all().delete()


@pytest.mark.parametrize("change", ["group", "permission", "rows"])
def test_what_it_can_not_put_right_is_left_to_django(change: str) -> None:
    if change == "group":
        Group.objects.filter(name="viewer").update(name="onlooker")
    elif change == "permission":
        Group.objects.get(name="viewer").permissions.remove(Permission.objects.filter(group__name="viewer")[0])
    else:
        Tree.objects.bulk_create(Tree(name=f"t{n}") for n in range(emptying.MANY_ROWS + 1))
    assert not emptying.empty_quickly()


def test_it_waits_for_who_is_still_writing() -> None:
    writing, emptied = threading.Event(), threading.Event()

    def write() -> None:
        with transaction.atomic():
            Tree.objects.create(name="late")
            writing.set()
            # Until the other one stands at the tables' lock.
            while not emptied.wait(0.01) and not somebody_waits():
                pass
        connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    assert writing.wait(20)
    assert emptying.empty_quickly()
    emptied.set()
    writer.join()
    assert not Tree.objects.exists()
