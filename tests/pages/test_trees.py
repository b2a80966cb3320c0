"""Trees: the list, one tree, and the Run button."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from orchestration.actions.schedules import create_schedule
from orchestration.engine.status import Status
from orchestration.models import Run, Tree

from .conftest import text_of
from .scene import HOSTILE, Scene, make_run, make_tree

SCHEMA = {
    "type": "object",
    "properties": {"day": {"type": "string", "default": "today"}, "n": {"type": "integer"}},
    "required": ["n"],
}


def run_address(tree: Tree) -> str:
    return reverse("tree-run", args=[tree.pk])


@pytest.mark.django_db
def test_search_finds_names_descriptions_and_tags(as_viewer: Client) -> None:
    make_tree("Alpha", tags=["etl"])
    make_tree("Beta", description="loads the WAREHOUSE")
    make_tree("Gone", archived_at=timezone.now())
    for words, names in {
        "": ["Alpha", "Beta"],
        "alph": ["Alpha"],
        "warehouse": ["Beta"],
        "etl": ["Alpha"],
        "beta loads": ["Beta"],
        "beta etl": [],
        "%": [],
        "al\x00pha": ["Alpha"],
    }.items():
        context: Any = as_viewer.get("/trees/", {"q": words}).context
        assert [line.tree.name for line in context["lines"]] == names, words


@pytest.mark.django_db
def test_a_line_shows_the_tasks_and_the_last_run(as_viewer: Client) -> None:
    tree = make_tree(tasks=4)
    make_run(tree, Status.COMPLETED)
    last = make_run(tree, Status.FAILED, queued_at=timezone.now(), error="It broke")
    (line,) = (as_viewer.get("/trees/").context or {})["lines"]
    assert (line.task_count, line.last.run.pk, line.last.state.key) == (4, last.pk, "failed")


def test_a_line_shows_when_a_tree_runs_next(scene: Scene, as_operator: Client, as_viewer: Client) -> None:
    owner = scene.tree.owner
    assert owner is not None
    due = [
        create_schedule(
            scene.tree, {"name": seconds, "kind": "interval", "expression": seconds}, user=owner
        ).next_due_at
        for seconds in ("7200", "600")
    ]
    for client, expected in ((as_operator, due[1]), (as_viewer, None)):
        lines = (client.get("/trees/").context or {})["lines"]
        assert {line.tree.pk: line.next_due_at for line in lines}[scene.tree.pk] == expected


@pytest.mark.django_db
def test_queries_of_the_list_do_not_grow(as_operator: Client, django_assert_max_num_queries: Any) -> None:
    for number in range(20):
        make_run(make_tree(f"Tree {number}"), Status.IN_PROGRESS, tasks=2)
    with django_assert_max_num_queries(10):
        as_operator.get("/trees/")


@pytest.mark.django_db
def test_an_empty_list_says_what_to_do(as_viewer: Client, as_admin: Client) -> None:
    assert "There are no trees yet" in text_of(as_viewer.get("/trees/"))
    assert "Draw the first one" in text_of(as_admin.get("/trees/"))
    assert "No tree matches" in text_of(as_viewer.get("/trees/", {"q": HOSTILE}))
    assert "<script>alert" not in text_of(as_viewer.get("/trees/", {"q": HOSTILE}))


@pytest.mark.django_db
def test_a_large_tree_comes_in_pages(as_viewer: Client, django_assert_max_num_queries: Any) -> None:
    tree = make_tree("Large", tasks=450)
    address = reverse("tree", args=[tree.pk])
    seen = []
    for number in (1, 2, 3):
        with django_assert_max_num_queries(11):
            context: Any = as_viewer.get(address, {"page": number}).context
        seen += [line.task.uid for line in context["tasks"]]
    assert seen == [f"t{n}" for n in range(450)]


@pytest.mark.django_db
def test_hostile_texts_are_texts(as_admin: Client) -> None:
    tree = make_tree(HOSTILE, description=HOSTILE, tags=[HOSTILE[:50]], parameters={"title": HOSTILE})
    tree.tasks.update(name=HOSTILE, executor=HOSTILE, notes=HOSTILE)
    for address in ("/trees/", reverse("tree", args=[tree.pk])):
        text = text_of(as_admin.get(address))
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert" in text


@pytest.mark.django_db
def test_only_those_who_may_start_runs_can(as_viewer: Client, as_operator: Client) -> None:
    tree = make_tree()
    assert run_address(tree) not in text_of(as_viewer.get("/trees/"))
    assert run_address(tree) in text_of(as_operator.get("/trees/"))
    refused = as_viewer.post(run_address(tree))
    assert refused.status_code == 403
    assert "An administrator can change that" in text_of(refused)
    assert Run.objects.count() == 0


@pytest.mark.django_db
def test_run_starts_a_run_and_shows_it(as_operator: Client, operator: User) -> None:
    tree = make_tree()
    response = as_operator.post(run_address(tree), {"key": "abcdefgh-1"})
    run = Run.objects.get()
    assert response.headers["Location"] == reverse("run-live", args=[run.pk])
    assert (run.requested_by, run.trigger, run.task_count) == (operator, "manual", 3)
    assert as_operator.get(response.headers["Location"]).status_code == 200


@pytest.mark.django_db
def test_the_same_form_sent_twice_is_one_run(as_operator: Client, as_admin: Client) -> None:
    tree = make_tree()
    first, second = (as_operator.post(run_address(tree), {"key": "abcdefgh-1"}) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    # The same key in somebody else's form is theirs.
    other = as_admin.post(run_address(tree), {"key": "abcdefgh-1"})
    assert other.headers["Location"] != first.headers["Location"]
    assert Run.objects.count() == 2


@pytest.mark.django_db
def test_each_showing_of_a_form_has_its_own_key(as_operator: Client) -> None:
    address = reverse("tree", args=[make_tree().pk])
    keys = {(as_operator.get(address).context or {})["key"] for _ in range(3)}
    assert len(keys) == 3


@pytest.mark.django_db
def test_parameters_start_from_the_defaults_and_are_checked(as_operator: Client) -> None:
    tree = make_tree(parameters=SCHEMA)
    assert "&quot;day&quot;: &quot;today&quot;" in text_of(as_operator.get(reverse("tree", args=[tree.pk])))
    for sent, message in {
        '{"n": "many"}': "$.parameters.n",
        "{}": "$.parameters",
        "[1]": "one JSON object",
        '{"n": NaN}': "NaN is not a JSON number",
        '{"n": 1, "x": "\\u0000"}': "NUL",
        "{": "not JSON",
    }.items():
        response = as_operator.post(run_address(tree), {"parameters": sent})
        assert response.status_code == 422, sent
        errors = (response.context or {})["form"].errors
        assert list(errors) == ["parameters"], sent
        assert message in str(errors), sent
        assert 'aria-invalid="true"' in text_of(response)
    as_operator.post(run_address(tree), {"parameters": '{"n": 3}'})
    assert Run.objects.get().parameters == {"day": "today", "n": 3}


@pytest.mark.django_db
def test_what_the_user_typed_is_kept(as_operator: Client) -> None:
    tree = make_tree(parameters=SCHEMA)
    assert "{oops" in text_of(as_operator.post(run_address(tree), {"parameters": "{oops"}))


@pytest.mark.django_db
def test_a_tree_that_can_not_run_says_why(as_operator: Client) -> None:
    empty = make_tree("Empty", tasks=0)
    response = as_operator.post(run_address(empty))
    assert response.status_code == 422
    assert "must hold at least one task" in text_of(response)
    archived = make_tree("Old", archived_at=timezone.now())
    assert "This tree is archived" in text_of(as_operator.post(run_address(archived)))
    assert Run.objects.count() == 0


@pytest.mark.django_db
def test_a_nonsense_key_is_refused(as_operator: Client) -> None:
    response = as_operator.post(run_address(make_tree()), {"key": "x" * 500})
    assert response.status_code == 422
    assert "Reload the page." in text_of(response)


def test_shown_dependencies(scene: Scene, as_viewer: Client) -> None:
    text = text_of(as_viewer.get(reverse("tree", args=[scene.tree.pk])))
    assert "(optional)" in text


@pytest.mark.django_db
def test_trees_are_narrowed_by_tag_owner_and_archive(as_admin: Client, admin: User) -> None:
    make_tree("Mine", owner=admin, tags=["etl", "nightly"])
    make_tree("Nobody's", tags=["etl"])
    make_tree("Old", tags=["etl"], archived_at=timezone.now())
    for query, names in {
        "": ["Mine", "Nobody's"],
        "tag=etl": ["Mine", "Nobody's"],
        "tag=et": [],
        "tag=nightly&owner=me": ["Mine"],
        "owner=ada": ["Mine"],
        "owner=%00": ["Mine", "Nobody's"],
        "archived=true": ["Old"],
    }.items():
        context: Any = as_admin.get(f"/trees/?{query}").context
        assert [line.tree.name for line in context["lines"]] == names, query
    assert "The archive is empty" not in text_of(as_admin.get("/trees/?archived=true"))
    Tree.objects.filter(name="Old").delete()
    assert "The archive is empty" in text_of(as_admin.get("/trees/?archived=true"))


@pytest.mark.django_db
def test_the_page_of_a_tree_sums_its_last_runs_up(as_viewer: Client) -> None:
    tree, now = make_tree(), timezone.now()
    good = make_run(tree, Status.COMPLETED, queued_at=now - timedelta(minutes=3))
    failed = make_run(tree, Status.FAILED, queued_at=now - timedelta(minutes=2), error="It broke")
    make_run(tree, Status.IN_PROGRESS, queued_at=now - timedelta(minutes=1))
    response = as_viewer.get(reverse("tree", args=[tree.pk]))
    trend = (response.context or {})["trend"]
    assert (trend.success, trend.median, trend.p95) == ("50%", "2.4 s", "2.4 s")
    assert (trend.last_good, trend.last_failed) == (good, failed)
    assert trend.comparison == f"/runs/compare/?left={good.pk}&right={failed.pk}"
    assert [bar.state.key for bar in trend.bars] == ["completed", "failed", "in_progress"]
    assert all(0 <= bar.y < trend.height and bar.y + bar.height == trend.height for bar in trend.bars)


@pytest.mark.django_db
def test_a_tree_without_runs_has_no_chart(as_viewer: Client) -> None:
    assert '<svg class="trend"' not in text_of(as_viewer.get(reverse("tree", args=[make_tree().pk])))
