"""Trees, tasks and dependencies in the admin stay valid, whatever form they are edited in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

import orchestration.executors.echo  # noqa: F401 - registers it
from orchestration.actions.keeping import delete_tree
from orchestration.actions.runs import start_run
from orchestration.actions.schedules import create_schedule
from orchestration.models import Dependency, Run, Task, Tree, TreeVersion
from tests.lock_race import act_after_waiting
from tests.pages.scene import HOSTILE, make_tree, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return make_user("ada", is_superuser=True, is_staff=True)


@pytest.fixture
def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def change(model: str, pk: object) -> str:
    return reverse(f"admin:orchestration_{model}_change", args=[pk])


def task_data(task: Task, edges: list[dict[str, Any]] | None = None, **fields: Any) -> dict[str, Any]:
    """Return what the form of a task sends: the task as it is, with `fields` changed and `edges` as dependencies."""
    if edges is None:
        edges = [
            {"id": edge.pk, "depends_on": edge.depends_on_id, "required": "on" if edge.required else ""}
            for edge in task.dependencies.all()
        ]
    data = {
        "name": task.name,
        "executor": task.executor or "",
        "parent": task.parent_id or "",
        "enabled": "on",
        **{name: json.dumps(getattr(task, name)) for name in ("inputs", "params", "schemas")},
        "priority": task.priority,
        "retry_max_attempts": 1,
        "retry_backoff": "exponential",
        "retry_base_seconds": 1,
        "retry_cap_seconds": 300,
        "retry_jitter": 0.1,
        "dependencies-TOTAL_FORMS": len(edges),
        "dependencies-INITIAL_FORMS": sum("id" in edge for edge in edges),
    }
    for number, edge in enumerate(edges):
        data |= {f"dependencies-{number}-{key}": value for key, value in {"task": task.pk or "", **edge}.items()}
    return data | fields


def errors(response: Any) -> str:
    """Return all errors that an admin page shows."""
    assert response.status_code == 200
    return "\n".join(str(error) for error in response.context["errors"])


def steps(tree: Tree) -> list[Task]:
    return list(tree.tasks.order_by("ordinal"))


@pytest.mark.parametrize("model", ["tree", "task", "dependency", "run", "taskrun", "worker"])
def test_every_list_opens(browser: Client, model: str) -> None:
    make_tree(HOSTILE)
    address = reverse(f"admin:orchestration_{model}_changelist")
    for query in ({}, {"q": "x"}, {"q": "a\x00b"}):
        response = browser.get(address, query)
        assert response.status_code == 200
        assert "<script>alert" not in response.content.decode()
    assert "script-src 'self'" in response.headers["Content-Security-Policy"]


def test_strangers_and_viewers_do_not_get_in(client: Client) -> None:
    address = reverse("admin:orchestration_tree_changelist")
    assert client.get(address).status_code == 302
    client.force_login(make_user("vic"))
    assert client.get(address).status_code == 302


def test_a_task_is_saved_and_the_version_is_kept(browser: Client, user: User) -> None:
    tree = make_tree()
    task = steps(tree)[1]
    response = browser.post(change("task", task.pk), task_data(task, name="Renamed", inputs='{"a": [1, "ü"]}'))
    assert response.status_code == 302
    task.refresh_from_db()
    tree.refresh_from_db()
    assert (task.name, task.inputs, tree.version) == ("Renamed", {"a": [1, "ü"]}, 2)
    version = TreeVersion.objects.get()
    assert (version.number, version.author, version.definition["tasks"][1]["name"]) == (2, user, "Renamed")


def test_a_new_task_gets_its_dependencies(browser: Client) -> None:
    tree = make_tree()
    new = Task(tree=tree, name="New", executor="echo")
    edges = [{"depends_on": step.pk, "required": "on"} for step in steps(tree)]
    data = task_data(new, edges, tree=str(tree.pk), uid="new", parent=steps(tree)[0].pk)
    assert browser.post(reverse("admin:orchestration_task_add"), data).status_code == 302
    saved = Task.objects.get(uid="new")
    assert saved.dependencies.count() == 3
    assert set(saved.dependencies.values_list("tree", flat=True)) == {tree.pk}


def test_a_cycle_is_refused_with_its_path(browser: Client) -> None:
    first, _, last = steps(make_tree())
    data = task_data(first, [{"depends_on": last.pk, "required": "on"}])
    message = errors(browser.post(change("task", first.pk), data))
    assert "form a cycle" in message
    assert message.count(" → ") == 3
    assert first.dependencies.count() == 0


def test_a_self_edge_and_a_double_edge_are_refused(browser: Client) -> None:
    first, second, third = steps(make_tree())
    assert "depends on itself" in errors(
        browser.post(change("task", first.pk), task_data(first, [{"depends_on": first.pk}]))
    )
    twice = task_data(third, [{"depends_on": first.pk}, {"depends_on": first.pk}])
    assert browser.post(change("task", third.pk), twice).status_code == 200
    assert third.dependencies.get().depends_on == second


def test_a_dependency_that_is_there_already_is_refused(browser: Client) -> None:
    tree = make_tree(tasks=4)
    *others, last = steps(tree)
    Dependency.objects.all().delete()
    lines = [Dependency.objects.create(tree=tree, task=last, depends_on=other) for other in others]
    first, second, third = ({"id": line.pk, "depends_on": line.depends_on_id} for line in lines)
    address = change("task", last.pk)
    swapped = [first | {"depends_on": others[1].pk}, second | {"depends_on": others[0].pk}, third]
    # As the page was before somebody else added the other lines.
    stale = [first | {"depends_on": others[1].pk}]
    for edges in (swapped, stale, [first, {"depends_on": others[2].pk}]):
        assert "already: load the page again" in errors(browser.post(address, task_data(last, edges)))
    assert set(last.dependencies.values_list("pk", flat=True)) == {line.pk for line in lines}
    anew: list[dict[str, Any]] = [first | {"DELETE": "on"}, second, third, {"depends_on": others[0].pk}]
    assert browser.post(address, task_data(last, anew)).status_code == 302
    assert last.dependencies.count() == 3


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"timeout_seconds": 0}, "greater than or equal to 0.001"),
        ({"timeout_seconds": 1e300}, "less than or equal to 31536000"),
        ({"retry_max_attempts": 0}, "greater than or equal to 1."),
        ({"retry_max_attempts": 101}, "less than or equal to 100."),
        ({"retry_base_seconds": -1}, "greater than or equal to 0."),
        ({"retry_cap_seconds": 86_401}, "less than or equal to 86400."),
        ({"retry_jitter": 1.5}, "less than or equal to 1."),
    ],
)
def test_numbers_have_the_bounds_of_documents(browser: Client, fields: dict[str, Any], said: str) -> None:
    task, *_ = steps(make_tree())
    answer = browser.post(change("task", task.pk), task_data(task, **fields))
    assert list(answer.context["adminform"].form.errors) == list(fields)
    assert said in errors(answer)
    edge: dict[str, Any] = {
        "timeout_seconds": 0.001,
        "retry_max_attempts": 100,
        "retry_cap_seconds": 86_400,
        "retry_jitter": 0,
    }
    assert browser.post(change("task", task.pk), task_data(task, **edge)).status_code == 302


@pytest.mark.parametrize(("number", "said"), [("0", "or equal to 1."), ("10001", "or equal to 10000.")])
def test_a_trees_concurrency_has_bounds_too(browser: Client, number: str, said: str) -> None:
    tree = make_tree()
    data = {"name": "A", "visibility": "everyone", "max_concurrency": number}
    answer = browser.post(change("tree", tree.pk), data)
    assert list(answer.context["adminform"].form.errors) == ["max_concurrency"]
    assert said in errors(answer) and "Constraint" not in errors(answer)


def test_a_cycle_that_the_same_form_opens_is_accepted(browser: Client) -> None:
    first, second, _ = steps(make_tree())
    edge = second.dependencies.get()
    # The dependency goes and the parent comes, both at once.
    data = task_data(second, [{"id": edge.pk, "depends_on": first.pk, "required": "on", "DELETE": "on"}])
    assert browser.post(change("task", second.pk), data).status_code == 302
    data = task_data(first, [{"depends_on": second.pk, "required": "on"}])
    assert browser.post(change("task", first.pk), data).status_code == 302


def test_parents_in_a_circle_are_refused(browser: Client) -> None:
    first, second, _ = steps(make_tree())
    Task.objects.filter(pk=second.pk).update(parent=first)
    message = errors(browser.post(change("task", first.pk), task_data(first, parent=second.pk)))
    assert "The parents form a cycle" in message


def test_a_group_that_waits_for_its_own_child_is_refused(browser: Client) -> None:
    tree = make_tree()
    first, _, last = steps(tree)
    # Step 2 waits for step 1 and that for step 0, which as a group would wait for its child, step 2.
    data = task_data(first, executor="")
    Task.objects.filter(pk=last.pk).update(parent=first)
    message = errors(browser.post(change("task", first.pk), data))
    assert "a group waits for its children" in message


def test_tasks_of_other_trees_are_refused(browser: Client) -> None:
    task, other = steps(make_tree())[0], steps(make_tree("Other"))[0]
    message = errors(browser.post(change("task", task.pk), task_data(task, [{"depends_on": other.pk}])))
    assert "is a task of another tree, Other" in message
    assert "another tree, Other" in errors(browser.post(change("task", task.pk), task_data(task, parent=other.pk)))
    address = reverse("admin:orchestration_dependency_add")
    message = errors(browser.post(address, {"task": task.pk, "depends_on": other.pk, "required": "on"}))
    assert "another tree, Other" in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": NaN}', "NaN is not a JSON number"),
        ('{"a": "\\u0000"}', "NUL"),
        ('{"a": "x\x00y"}', "not JSON"),
        ('{"a": "\\ud800"}', "surrogate"),
        ('{"a": 1, "a": 2}', "stands twice"),
        ("{a: 1}", "line 1, column 2"),
        ("[1]", "must be a JSON object"),
        ("[" * 5000, "nested"),
    ],
)
def test_bad_json_is_refused_with_a_reason(browser: Client, text: str, message: str) -> None:
    task = steps(make_tree())[0]
    response = browser.post(change("task", task.pk), task_data(task, inputs=text))
    assert message in errors(response)
    task.refresh_from_db()
    assert task.inputs == {"n": 0}


def test_a_pinned_result_has_one_key(browser: Client) -> None:
    task = steps(make_tree())[0]
    assert (
        "{&quot;result&quot;: …}"
        in browser.post(change("task", task.pk), task_data(task, pinned='{"other": 1}')).content.decode()
    )
    assert browser.post(change("task", task.pk), task_data(task, pinned='{"result": null}')).status_code == 302
    task.refresh_from_db()
    assert task.pinned == {"result": None}


def test_one_edge_on_its_own(browser: Client) -> None:
    tree = make_tree()
    first, _, third = steps(tree)
    address = reverse("admin:orchestration_dependency_add")
    message = errors(browser.post(address, {"task": first.pk, "depends_on": third.pk, "required": "on"}))
    assert "form a cycle" in message
    assert browser.post(address, {"task": third.pk, "depends_on": first.pk}).status_code == 302
    edge = Dependency.objects.get(task=third, depends_on=first)
    assert (edge.tree, edge.required) == (tree, False)
    # Turned round, it would close a cycle with those that are there.
    turned = {"task": first.pk, "depends_on": third.pk}
    assert "form a cycle" in errors(browser.post(change("dependency", edge.pk), turned))
    # Without the others, turning it is fine: its own old direction does not count.
    Dependency.objects.exclude(pk=edge.pk).delete()
    assert browser.post(change("dependency", edge.pk), turned).status_code == 302
    tree.refresh_from_db()
    assert tree.version == 3


def test_deleting_keeps_a_version(browser: Client) -> None:
    tree = make_tree()
    task = steps(tree)[1]
    browser.post(reverse("admin:orchestration_task_delete", args=[task.pk]), {"post": "yes"})
    tree.refresh_from_db()
    assert (tree.version, tree.tasks.count(), tree.dependencies.count()) == (2, 2, 0)
    chosen = {"action": "delete_selected", "_selected_action": [str(step.pk) for step in steps(tree)], "post": "yes"}
    browser.post(reverse("admin:orchestration_task_changelist"), chosen)
    tree.refresh_from_db()
    assert (tree.version, tree.tasks.count()) == (3, 0)


def test_a_tree_is_made_and_changed(browser: Client, user: User) -> None:
    data = {"name": "Made here", "tags": "a,b", "visibility": "everyone", "parameters": '{"type": "object"}'}
    assert browser.post(reverse("admin:orchestration_tree_add"), data).status_code == 302
    tree = Tree.objects.get()
    assert (tree.tags, tree.parameters, tree.version) == (["a", "b"], {"type": "object"}, 1)
    data |= {"initial-tags": "a,b"}
    assert browser.post(change("tree", tree.pk), data | {"name": "Renamed"}).status_code == 302
    assert browser.post(change("tree", tree.pk), data | {"name": "Renamed"}).status_code == 302
    tree.refresh_from_db()
    assert tree.version == 2  # saving without a change is none
    bad = data | {"parameters": '{"type": "nonsense"}'}
    assert "This is not a JSON Schema" in errors(browser.post(change("tree", tree.pk), bad))
    assert "?tree=" in browser.get(change("tree", tree.pk)).content.decode()
    assert browser.get(reverse("admin:orchestration_tree_history", args=[tree.pk])).status_code == 200


def test_suggestions_are_of_the_same_tree(browser: Client) -> None:
    tree, other = make_tree("One"), make_tree("Two")
    query = {"app_label": "orchestration", "model_name": "dependency", "field_name": "depends_on", "term": "Step"}
    pages = {
        change("task", steps(tree)[0].pk): 3,
        reverse("admin:orchestration_task_add") + f"?tree={other.pk}": 3,
        reverse("admin:orchestration_task_add"): 6,
        reverse("admin:orchestration_task_add") + "?tree=nonsense": 6,
        "": 6,
        "/nothing": 6,
    }
    for page, count in pages.items():
        response = browser.get("/admin/autocomplete/", query, headers={"referer": f"http://testserver{page}"})
        assert len(response.json()["results"]) == count, page


def test_the_tasks_of_one_tree_are_a_link_away(browser: Client) -> None:
    tree = make_tree("One")
    make_tree("Two")
    response = browser.get(reverse("admin:orchestration_task_changelist"), {"tree__id__exact": str(tree.pk)})
    assert response.context["cl"].result_count == 3


# --- what others do at the same time --------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("many", [False, True])
def test_deleting_a_tree_waits_for_what_starts_its_runs(browser: Client, user: User, many: bool) -> None:
    tree = make_tree()
    schedule = create_schedule(tree, {"name": "Hourly", "kind": "interval", "expression": "3600"}, user=user)
    chosen = {"action": "delete_selected", "_selected_action": [str(tree.pk)]} if many else {}
    name, place = ("changelist", []) if many else ("delete", [tree.pk])
    address = reverse(f"admin:orchestration_tree_{name}", args=place)
    answer = act_after_waiting(
        schedule, lambda: start_run(tree), lambda: browser.post(address, {"post": "yes", **chosen})
    )
    assert answer.status_code == 302
    assert not Tree.objects.exists() and Run.objects.get().tree is None


def wait_for(task: Task, other: Task) -> None:
    Dependency.objects.create(tree=task.tree, task=task, depends_on=other)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("moved", [False, True])
def test_an_edge_is_checked_with_what_others_have_stored(browser: Client, moved: bool) -> None:
    tree, other = make_tree(), make_tree()
    Dependency.objects.filter(tree=tree).delete()
    first, second, _ = steps(tree)
    edge = other.dependencies.earliest("pk")
    address = change("dependency", edge.pk) if moved else reverse("admin:orchestration_dependency_add")
    sent = {"task": first.pk, "depends_on": second.pk}
    answer = act_after_waiting(tree, lambda: wait_for(second, first), lambda: browser.post(address, sent))
    assert "form a cycle" in errors(answer)
    assert not first.dependencies.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turned", [False, True])
def test_an_edge_of_a_task_that_goes_is_refused(browser: Client, turned: bool) -> None:
    tree = make_tree()
    first, _, third = steps(tree)
    sent = {"task": first.pk, "depends_on": third.pk} if turned else {"task": third.pk, "depends_on": first.pk}
    address = reverse("admin:orchestration_dependency_add")
    answer = act_after_waiting(tree, Task.objects.filter(pk=third.pk).delete, lambda: browser.post(address, sent))
    assert ("no task with the id" if turned else "Somebody else has deleted it") in errors(answer)


@pytest.mark.django_db(transaction=True)
def test_a_new_task_is_checked_with_what_others_have_stored(browser: Client) -> None:
    tree = make_tree()
    last, address = steps(tree)[-1], reverse("admin:orchestration_task_add")
    new = Task(tree=tree, name="New", executor="echo")
    data = task_data(new, [{"depends_on": last.pk, "required": "on"}], tree=str(tree.pk), uid="new")
    answer = act_after_waiting(tree, Task.objects.filter(pk=last.pk).delete, lambda: browser.post(address, data))
    assert "Select a valid choice" in errors(answer)
    answer = act_after_waiting(
        tree,
        lambda: delete_tree(tree),
        lambda: browser.post(address, task_data(new, [], **{"tree": str(tree.pk), "uid": "new"})),
    )
    assert "Somebody else has deleted it in the meantime" in errors(answer)
    assert not Task.objects.filter(uid="new").exists()
