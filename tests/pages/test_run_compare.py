"""The page that compares two runs: who may open it, and what its address has to name."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from orchestration.models import Run, Tree

from .conftest import signed_in, text_of
from .scene import make_run, make_tree, make_user

pytestmark = pytest.mark.django_db


def address(left: object, right: object) -> str:
    return f"{reverse('run-compare')}?left={left}&right={right}"


@pytest.fixture
def runs() -> tuple[Run, Run]:
    """Two runs of a tree that everyone sees."""
    tree = make_tree()
    return make_run(tree), make_run(tree)


def test_strangers_are_asked_to_sign_in(client: Client, runs: tuple[Run, Run]) -> None:
    response = client.get(address(*(run.pk for run in runs)))
    assert (response.status_code, response.headers["Location"].partition("?")[0]) == (302, "/login/")


def test_who_sees_both_runs_can_compare_them(as_viewer: Client, runs: tuple[Run, Run]) -> None:
    response = as_viewer.get(address(*(run.pk for run in runs)))
    assert response.status_code == 200
    assert "app/compare" in text_of(response)
    assert all(reverse("run", args=[run.pk]) in text_of(response) for run in runs)


def test_a_run_that_one_may_not_see_is_not_there(runs: tuple[Run, Run]) -> None:
    left, right = runs
    hidden = make_run(make_tree("Hidden"))
    Tree.objects.filter(name="Hidden").update(visibility="private")
    browser = signed_in(make_user("vera"))
    assert browser.get(address(left.pk, right.pk)).status_code == 200
    for pair in ((left.pk, hidden.pk), (hidden.pk, left.pk), (left.pk, uuid4())):
        response = browser.get(address(*pair))
        assert response.status_code == 404
        assert "Hidden" not in text_of(response)


@pytest.mark.parametrize("query", ["", "?left=", "?left=x&right=y"])
def test_an_address_without_two_runs_is_refused(as_viewer: Client, query: str) -> None:
    assert as_viewer.get(reverse("run-compare") + query).status_code == 404
