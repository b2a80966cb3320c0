"""Views of the list of runs that are changed while others change them."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from orchestration.actions.run_views import change_view, save_view
from orchestration.engine.errors import InvalidDefinitionError
from orchestration.models import RunView
from tests.lock_race import act_after_waiting
from tests.pages.scene import make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ann() -> User:
    """Somebody who keeps views."""
    return make_user("ann")


def test_changes_of_two_fields_are_both_kept(ann: User) -> None:
    view = save_view(ann, "Failed", "status=failed")
    stored = RunView.objects.get()
    changed = act_after_waiting(
        ann, lambda: change_view(stored, query="when=day", is_default=True), lambda: change_view(view, name="Today")
    )
    assert (changed.name, changed.query, changed.is_default) == ("Today", "when=day", True)
    assert RunView.objects.values_list("name", "query", "is_default").get() == ("Today", "when=day", True)


def test_a_name_that_was_taken_meanwhile_is_refused(ann: User) -> None:
    view = save_view(ann, "Failed", "")
    with pytest.raises(InvalidDefinitionError, match="another view"):
        act_after_waiting(ann, lambda: save_view(ann, "Today", ""), lambda: change_view(view, name="Today"))
    assert RunView.objects.get(pk=view.pk).name == "Failed"


def test_nobody_gets_a_second_default(ann: User) -> None:
    view = save_view(ann, "A", "")
    act_after_waiting(ann, lambda: save_view(ann, "B", "", is_default=True), lambda: change_view(view, is_default=True))
    assert RunView.objects.get(is_default=True) == view


@pytest.mark.parametrize("waits_for", ["the person", "the view"])
def test_a_view_that_was_forgotten_does_not_come_back(ann: User, waits_for: str) -> None:
    view = save_view(ann, "Failed", "")
    row = ann if waits_for == "the person" else view
    with pytest.raises(RunView.DoesNotExist):
        act_after_waiting(row, RunView.objects.all().delete, lambda: change_view(view, query="when=day"))
    assert not RunView.objects.exists()
