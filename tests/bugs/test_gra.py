"""PB-GRA: the graph's validity and its size."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from orchestration.actions.runs import start_run
from orchestration.actions.sdk.local_engine import local_engine
from orchestration.actions.trees import export_tree, import_document, import_tree
from orchestration.engine.definition import DependencySpec, TaskSpec, TreeSpec, new_id
from orchestration.engine.errors import InvalidDefinitionError
from orchestration.models import Dependency, Run, Task, TaskRun, Tree
from orchestration.store.snapshots import NewRun, insert_run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


def document(*tasks: dict[str, object]) -> dict[str, object]:
    return {"format": "apflow-tree", "version": 1, "tree": {"name": "t"}, "tasks": list(tasks)}


def echo(uid: str, *upstream: str, **fields: object) -> dict[str, object]:
    return {"id": uid, "name": uid, "executor": "echo", "dependencies": list(upstream), **fields}


CYCLE = document(echo("A", "C"), echo("B", "A"), echo("C", "B"))


def run_now(spec: TreeSpec) -> Run:
    """Run a definition that no validator has seen, through a real engine."""
    with local_engine() as engine:
        new = NewRun(new_id(), spec, None, 1, "sdk", owner=engine.worker_id)
        insert_run(new)
        engine.adopt(new.id).result(timeout=300)
    return Run.objects.get(pk=new.id)


def test_gra_1_a_cycle_is_refused_on_import_with_its_path() -> None:
    with pytest.raises(InvalidDefinitionError) as refusal:
        import_document(CYCLE)  # type: ignore[arg-type]
    assert "A → C → B → A" in str(refusal.value)
    assert not Tree.objects.exists()


def test_gra_1_a_cycle_is_refused_by_the_commands(tmp_path: Path) -> None:
    file = tmp_path / "cycle.json"
    file.write_text(json.dumps(CYCLE))
    for command in ("validate", "import", "run"):
        with pytest.raises(CommandError) as refusal:
            call_command(command, str(file), stdout=StringIO())
        assert "cycle" in str(refusal.value) and refusal.value.returncode == 2
    assert not Tree.objects.exists() and not Run.objects.exists()


def test_gra_1_a_group_that_a_task_in_it_waits_for_is_refused() -> None:
    nested = document(
        {"id": "g", "name": "g", "executor": None},
        {"id": "inner", "name": "inner", "executor": None, "parent_id": "g"},
        echo("x", "g", parent_id="inner"),
    )
    with pytest.raises(InvalidDefinitionError) as refusal:
        import_document(nested)  # type: ignore[arg-type]
    assert "cycle" in str(refusal.value)


def test_gra_1_a_cycle_that_was_put_into_the_database_fails_its_run_and_nothing_else() -> None:
    bad = TreeSpec(
        "bad",
        (
            TaskSpec("a", "a", "echo", dependencies=(DependencySpec("b"),)),
            TaskSpec("b", "b", "echo", dependencies=(DependencySpec("a"),)),
        ),
    )
    run = run_now(bad)
    assert run.status == "failed"
    assert "cycle" in (run.error or "")
    good = run_now(TreeSpec("good", (TaskSpec("a", "a", "echo"),)))
    assert good.status == "completed"


def test_gra_1_a_run_of_a_stored_cycle_is_refused_before_anything_is_written() -> None:
    tree = import_document(document(echo("a"), echo("b", "a")))  # type: ignore[arg-type]
    a, b = Task.objects.get(uid="a"), Task.objects.get(uid="b")
    Dependency.objects.create(tree=tree, task=a, depends_on=b)
    with pytest.raises(InvalidDefinitionError, match="cycle"):
        start_run(tree)
    assert not Run.objects.exists()


def test_gra_2_a_chain_of_5000_dependencies_works_everywhere(tmp_path: Path) -> None:
    chain = document(echo("t0"), *(echo(f"t{index}", f"t{index - 1}") for index in range(1, 5000)))
    file = tmp_path / "chain.json"
    file.write_text(json.dumps(chain))
    call_command("validate", str(file), stdout=StringIO())
    tree = import_tree(file.read_bytes())
    exported = export_tree(tree)
    assert [task["id"] for task in exported["tasks"]] == [f"t{index}" for index in range(5000)]
    copy = import_document(exported)
    copy.delete()
    start_run(tree)
    with local_engine() as engine:
        run = Run.objects.get()
        engine.adopt(str(run.pk)).result(timeout=300)
    run.refresh_from_db()
    assert run.status == "completed"
    assert not TaskRun.objects.exclude(status="completed").exists()
    tree.delete()
    assert not Task.objects.exists()


def test_gra_2_parents_nested_1500_deep_work() -> None:
    nested = document(
        {"id": "g0", "name": "g0", "executor": None},
        *({**echo(f"g{i}", parent_id=f"g{i - 1}"), "executor": None} for i in range(1, 1500)),
        echo("leaf", parent_id="g1499"),
    )
    tree = import_document(nested)  # type: ignore[arg-type]
    assert len(export_tree(tree)["tasks"]) == 1501
    start_run(tree)
    with local_engine() as engine:
        engine.adopt(str(Run.objects.get().pk)).result(timeout=300)
    assert Run.objects.get().status == "completed"
    assert not TaskRun.objects.exclude(status="completed").exists()


def test_gra_3_ten_thousand_siblings_and_a_join_run_within_their_limit() -> None:
    tasks = [TaskSpec(f"t{index}", f"t{index}", "echo") for index in range(10_000)]
    join = TaskSpec("join", "join", "echo", dependencies=tuple(DependencySpec(task.id) for task in tasks))
    run = run_now(TreeSpec("wide", (*tasks, join), max_concurrency=20))
    assert run.status == "completed"
    assert run.task_count == 10_001
    in_progress = most = 0
    for type_ in run.events.order_by("seq").values_list("type", flat=True):
        in_progress += {"task.started": 1, "task.completed": -1}.get(type_, 0)
        most = max(most, in_progress)
    assert most <= 20
