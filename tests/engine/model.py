"""The meaning of a run as slow, obvious rules: each task's end from the ends of what it waits for."""

from __future__ import annotations

from orchestration.engine.definition import TaskSpec
from orchestration.engine.status import Status


class Model:
    """Final statuses of a run that nobody meddles with. `plans` says how each executed task ends."""

    def __init__(self, tasks: list[TaskSpec], plans: dict[str, Status]) -> None:
        self.tasks = {task.id: task for task in tasks}
        self.plans = plans
        self.children: dict[str, list[str]] = {}
        for task in tasks:
            if task.parent_id is not None:
                self.children.setdefault(task.parent_id, []).append(task.id)
        self._known: dict[str, tuple[Status, bool]] = {}

    def is_group(self, uid: str) -> bool:
        """A task without an executor and with children."""
        return self.tasks[uid].executor is None and uid in self.children

    def end(self, uid: str) -> Status:
        """How the task ends."""
        return self._end(uid)[0]

    def is_disabled(self, uid: str) -> bool:
        """Whether it was not run because something before it, or it, is switched off."""
        return self._end(uid)[1]

    def _end(self, uid: str) -> tuple[Status, bool]:
        if uid not in self._known:
            self._known[uid] = self._work_out(uid)
        return self._known[uid]

    def _work_out(self, uid: str) -> tuple[Status, bool]:
        task = self.tasks[uid]
        stopped = [self._end(edge.id) for edge in task.dependencies if edge.required]
        # With several bad dependencies the one that ends first decides; the test allows either then.
        for status, disabled in stopped:
            if status is not Status.COMPLETED:
                return status, disabled
        if not task.enabled:
            return Status.CANCELLED, True
        if self.is_group(uid):
            return self._group(uid), False
        if task.pinned is not None:
            return Status.COMPLETED, False
        return self.plans[uid], False

    def _group(self, uid: str) -> Status:
        ends = {child: self._end(child) for child in self.children[uid]}
        if any(status is Status.FAILED and not self.is_tolerated(child) for child, (status, _) in ends.items()):
            return Status.FAILED
        if any(status is Status.CANCELLED and not disabled for status, disabled in ends.values()):
            return Status.CANCELLED
        return Status.COMPLETED

    def is_tolerated(self, uid: str) -> bool:
        """Every dependent has declared the dependency optional, and there is one."""
        edges = [edge for task in self.tasks.values() for edge in task.dependencies if edge.id == uid]
        return bool(edges) and not any(edge.required for edge in edges)

    def run_status(self) -> Status:
        """How the whole run ends."""
        for uid in self.tasks:
            status, disabled = self._end(uid)
            if status is not Status.COMPLETED and not disabled and not self.is_tolerated(uid):
                return Status.FAILED
        return Status.COMPLETED

    def may_differ(self, uid: str) -> bool:
        """Whether the order of ends decides: required dependencies end badly in different ways, here or above."""
        task = self.tasks[uid]
        bad = {self._end(edge.id) for edge in task.dependencies if edge.required}
        bad = {end for end in bad if end[0] is not Status.COMPLETED}
        above = [edge.id for edge in task.dependencies]
        below = self.children.get(uid, []) if self.is_group(uid) else []
        return len(bad) > 1 or any(self.may_differ(other) for other in (*above, *below))
