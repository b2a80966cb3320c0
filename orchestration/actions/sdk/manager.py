"""`TaskManager`: runs trees in the caller's process, through the same owner and the same writer as every worker."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db import transaction

from orchestration.actions.runs import cancel_run
from orchestration.actions.sdk.local_engine import local_engine
from orchestration.actions.sdk.repository import TaskRepository
from orchestration.actions.sdk.session import Session
from orchestration.actions.sdk.storing import Named, names_of, specs_of, store_tasks
from orchestration.actions.trees import task_specs, tree_spec
from orchestration.engine.definition import TaskSpec, TreeSpec, new_id
from orchestration.engine.engine import Engine
from orchestration.engine.errors import TaskNotFoundError
from orchestration.engine.hook_plan import HookFacts
from orchestration.engine.json_values import encode
from orchestration.engine.status import ACTIVE, Status
from orchestration.engine.tree_node import TaskTreeNode
from orchestration.models import Run, Task, TaskRun, Tree
from orchestration.store.queries import StoredTask
from orchestration.store.snapshots import NewRun, Reused, insert_run

#: Seconds between looks at a dependency that runs in another run.
_WAIT_SECONDS = 0.02
#: What a run does not know of its tasks.
_KEPT = ("tree_id", "parent_id", "user_id", "created_at", "updated_at", "origin_type")


@dataclass(frozen=True, slots=True)
class _Started:
    """A run that was started for a tree of nodes: the nodes' stored tasks as they were then, and its end to come."""

    run_id: str
    tasks: dict[str, StoredTask]
    ended: Future[Status]


class TaskManager:
    """Runs trees and gives access to stored tasks.

    `max_concurrency` bounds how many tasks of one tree run at the same time (None: 200 in this process).

    Example::

        manager = TaskManager(create_session(), max_concurrency=10)
        root = TaskTreeNode(create_task(name="user_data_fetcher", inputs={"user_id": "123"}))
        await manager.distribute_task_tree(root)
        task = await manager.task_repository.get_task_by_id(root.task.id)
    """

    def __init__(self, session: Session, max_concurrency: int | None = None) -> None:
        if max_concurrency is not None and max_concurrency < 1:
            raise ValueError(f"max_concurrency must be 1 or more, not {max_concurrency}")
        self.session = session
        self.max_concurrency = max_concurrency
        self.task_repository = TaskRepository(session)

    async def distribute_task_tree(self, task_tree: TaskTreeNode, use_callback: bool = True) -> TaskTreeNode:
        """Store the tree's tasks, run them to the end, and return the tree with the stored tasks in it.

        What they say of their status, result and so on is what this run made of them, whatever happened meanwhile.
        Tasks whose latest run completed keep that result and do not run again. A dependency outside the tree is
        waited for when it runs elsewhere, reused when it completed, and run along otherwise. Raises
        InvalidDefinitionError when the tree is not valid, and TaskNotFoundError when a stored task of it was deleted;
        nothing is stored then. TaskNotFoundError too when a task leaves the tree before the run starts: nothing runs
        then. `use_callback` has no effect.
        """
        tree = await sync_to_async(_store_tree)(task_tree)
        with ExitStack() as stack:
            engine = await asyncio.to_thread(stack.enter_context, local_engine())
            try:
                started = await self._run(engine, tree, task_tree)
            finally:
                await asyncio.to_thread(stack.close)
        ran = {task.id: task for task in await sync_to_async(self.session.queries.tasks_of_run)(started.run_id)}
        task_tree.refresh(lambda uid: _known(ran[uid], started.tasks[uid]) if uid in ran else None)
        return task_tree

    async def execute_task(self, task_id: str) -> StoredTask:
        """Run one stored task, with the dependencies that have not completed, and return it."""
        task = await self.task_repository.get_task_by_id(task_id)
        if task is None:
            raise TaskNotFoundError(f"There is no task {task_id!r}")
        done: StoredTask = (await self.distribute_task_tree(TaskTreeNode(task))).task
        return done

    async def cancel_task(self, task_id: str, error_message: str | None = None) -> dict[str, Any]:
        """Ask for a running or waiting task to be cancelled.

        Returns `{"status": "cancelled", "message": …}`, or `{"status": "failed", …, "current_status": …}` when the
        task is not part of a live run.
        """
        return await sync_to_async(_cancel)(task_id, error_message or "")

    async def _run(self, engine: Engine, tree: Tree, task_tree: TaskTreeNode) -> _Started:
        await asyncio.wrap_future(
            engine.tree_created(task_tree.task, HookFacts(str(tree.pk), tree.name, tuple(tree.tags)))
        )
        tasks = {node.task.id: node.task.name for node in task_tree}
        while (started := await sync_to_async(self._start)(tree, tasks, engine)) is None:
            await asyncio.sleep(_WAIT_SECONDS)
        await asyncio.wrap_future(started.ended)
        return started

    def _start(self, tree: Tree, names: dict[str, str], engine: Engine) -> _Started | None:
        """Plan the run of tasks (names by id), insert it and have it run; None while a task of it runs in another run.

        The tree's row is locked meanwhile, so that two runs that start at once do not both take the same task. In one
        go: nobody else takes a run that this engine owns, also when who asked for it has stopped waiting. Raises
        TaskNotFoundError when a task has left the tree since it was stored.
        """
        with transaction.atomic():
            tree, spec = _locked(tree, names)
            specs = {task.id: task for task in spec.tasks}
            if _is_live(tree, _closure(names, specs, self._stored(tree))):
                return None
            # Read again: what was still running at the first look has its end by now.
            stored = self._stored(tree)
            needed = _closure(names, specs, stored)
            tasks = tuple(
                replace(specs[uid], parent_id=specs[uid].parent_id if specs[uid].parent_id in needed else None)
                for uid in needed
            )
            limit = self.max_concurrency or spec.max_concurrency
            new = NewRun(
                id=new_id(),
                spec=replace(spec, tasks=tasks, max_concurrency=limit),
                tree_id=str(tree.pk),
                tree_version=tree.version,
                trigger=Run.Trigger.SDK,
                reused=_reused(tree, [stored[uid] for uid in needed if stored[uid].status == Status.COMPLETED]),
                owner=engine.worker_id,
            )
            insert_run(new)
        return _Started(new.id, {uid: stored[uid] for uid in names}, engine.adopt(new.id))

    def _stored(self, tree: Tree) -> dict[str, StoredTask]:
        return {task.id: task for task in self.session.queries.tasks_of_tree(str(tree.pk))}


def _store_tree(task_tree: TaskTreeNode) -> Tree:
    """Store all tasks of a tree of nodes.

    A stored task keeps its definition (`update_task` changes it); only its place in the tree is taken from the node.
    It is the one that was read: not a copy of it in another tree, but for one in the tree that the first one is of.
    """
    pairs: list[tuple[Any, str | None]] = []
    for node, above in task_tree.with_parents():
        pairs.append((node.task, _parent_of(node.task, above.task if above else None)))
    fresh = {spec.id: spec for spec in specs_of([pair for pair in pairs if not isinstance(pair[0], StoredTask)])}

    def define(rows: dict[str, Task]) -> list[TaskSpec]:
        kept = [(task.id, parent) for task, parent in pairs if isinstance(task, StoredTask)]
        gone = [uid for uid, _ in kept if uid not in rows]
        if gone:
            raise TaskNotFoundError(f"There is no task {gone[0]!r}")
        known = {spec.id: spec for spec in task_specs([rows[uid] for uid, _ in kept])}
        placed = {uid: replace(known[uid], parent_id=parent) for uid, parent in kept}
        return [(placed.get(task.id) or fresh[task.id]) for task, _ in pairs]

    user_ids = {task.id: getattr(task, "user_id", None) for task, _ in pairs}
    names = [*(_name(task) for task, _ in pairs), *names_of(list(fresh.values()))]
    return store_tasks(names, define, user_ids, task_tree.task.name)


def _name(task: Any) -> Named:
    if not isinstance(task, StoredTask):
        return Named(task.id)
    return Named(task.id, UUID(task.tree_id) if task.tree_id else None, task.created_at)


def _known(task: StoredTask, before: StoredTask) -> StoredTask:
    """Return a run's task; one that has left its tree is still the stored task that it was before the run."""
    if task.tree_id:
        return task
    kept = {name: getattr(before, name) for name in _KEPT}
    return replace(task, **kept)


def _parent_of(task: Any, above: Any) -> str | None:
    """The task's own parent, else the node above it. A node above that the task depends on is no group: a group would
    wait for the task."""
    if task.parent_id or above is None:
        return task.parent_id or None
    ids = {edge if isinstance(edge, str) else edge.get("id") for edge in task.dependencies or ()}
    return None if above.id in ids else str(above.id)


def _locked(tree: Tree, names: dict[str, str]) -> tuple[Tree, TreeSpec]:
    """Lock a tree and return what it is now, when it has these tasks. One that was deleted has none."""
    tree = Tree.objects.select_for_update().filter(pk=tree.pk).first() or tree
    spec = tree_spec(tree)
    present = {task.id for task in spec.tasks}
    for uid, name in names.items():
        if uid not in present:
            raise TaskNotFoundError(
                f"Task {name!r} ({uid}) was deleted or moved to another tree before its run started"
            )
    return tree, spec


def _closure(task_ids: Collection[str], specs: dict[str, TaskSpec], stored: dict[str, StoredTask]) -> list[str]:
    found: dict[str, None] = {}
    stack = [*task_ids][::-1]
    while stack:
        uid = stack.pop()
        if uid in found:
            continue
        found[uid] = None
        if stored[uid].status != Status.COMPLETED:
            stack.extend(edge.id for edge in reversed(specs[uid].dependencies))
    return list(found)


def _is_live(tree: Tree, uids: Sequence[str]) -> bool:
    """Tell whether any of these tasks is part of a run that goes on."""
    live = TaskRun.objects.filter(run__tree=tree, run__status__in=ACTIVE, status__in=ACTIVE, task_uid__in=list(uids))
    return live.exists()


def _reused(tree: Tree, tasks: Sequence[StoredTask]) -> dict[str, Reused]:
    by_run = {(task.run_id, task.id): task for task in tasks}
    rows = TaskRun.objects.filter(
        run__tree=tree, task_uid__in=[task.id for task in tasks], run_id__in={task.run_id for task in tasks}
    ).values_list("run_id", "task_uid", "pk")
    return {
        uid: Reused(pk, encode(by_run[str(run_id), uid].result))
        for run_id, uid, pk in rows
        if (str(run_id), uid) in by_run
    }


def _cancel(task_id: str, reason: str) -> dict[str, Any]:
    live = TaskRun.objects.filter(task_uid=task_id, run__status__in=ACTIVE, status__in=ACTIVE)
    task_run = live.select_related("run").order_by("-run__queued_at").first()
    if task_run is None:
        last = TaskRun.objects.filter(task_uid=task_id).order_by("-run__queued_at").first()
        status = last.status if last else Status.PENDING.value
        return {"status": "failed", "message": "The task is not part of a live run", "current_status": status}
    cancel_run(task_run.run, reason=reason, task_run=task_run)
    return {"status": "cancelled", "message": reason or "The task is being cancelled"}
