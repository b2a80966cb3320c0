"""What `get_hook_repository()` returns inside a hook or an executor."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

from .definition import PRIORITIES
from .errors import TaskNotFoundError
from .job import Job
from .json_values import encode

if TYPE_CHECKING:
    from .engine import Engine
    from .runner import HookTask


class Queries(Protocol):
    """Reads that hooks may do. They block, and run in a thread. A run's own tasks are as they are in that run."""

    def task_by_id(self, task_id: str, run_id: str) -> Any:
        """Return the run's own task, else the one of its tree, else any other stored one, or None."""

    def tasks_by_status(self, status: str, run_id: str) -> list[Any]:
        """Return tasks of a status, the run's own first."""


class HookRepository:
    """The repository of one running task: reads everything, changes tasks of its own run.

    A change is committed when the awaited call returns, so later hooks see it.
    """

    def __init__(self, engine: Engine, job: Job, view: HookTask, queries: Queries) -> None:
        self._engine = engine
        self._job = job
        self._view = view
        self._queries = queries

    async def get_task_by_id(self, task_id: str) -> Any:
        """Return the task with this id, or None.

        A task of this run is returned as it is in this run. Otherwise it is the stored task of the run's tree, or the
        one that was changed last in another tree, with what its latest run made of it.
        """
        return await self._engine.threads.run(lambda: self._queries.task_by_id(task_id, self._job.run_id))

    async def get_tasks_by_status(self, status: str) -> list[Any]:
        """Return all tasks of a status, such as "pending": first those of this run, which have it there."""
        run_id = self._job.run_id
        found: list[Any] = await self._engine.threads.run(lambda: self._queries.tasks_by_status(status, run_id))
        return found

    async def update_task(self, task_id: str, **fields: Any) -> Any:
        """Change `priority` (0 to 3; what is outside is brought inside) or `inputs` of a task of this run.

        Raises TaskNotFoundError for a task of no or another run, ValueError for other fields and for inputs of a task
        that has started. The definition is not touched.
        """
        unknown = set(fields) - {"priority", "inputs"}
        if unknown:
            raise ValueError(f"a hook can change priority and inputs of a task, not {', '.join(sorted(unknown))}")
        node = self._job.run.by_uid.get(task_id)
        if node is None:
            raise TaskNotFoundError(f"There is no task {task_id!r} in this run")
        priority = fields.get("priority")
        if priority is not None:
            priority = min(max(int(priority), PRIORITIES[0]), PRIORITIES[-1])
        own = task_id == self._view.id
        if own and "inputs" in fields:
            self._view.inputs = dict(fields["inputs"])
        inputs_json = encode(fields["inputs"], "the inputs") if "inputs" in fields and not own else None
        await asyncio.wrap_future(self._engine.edit(self._job, node, priority, inputs_json))
        if own and priority is not None:
            self._view.priority = priority
        return await self.get_task_by_id(task_id)
