"""What people ask of a live run: cancel, pause, resume, retry, skip, run now, new priorities and inputs."""

from __future__ import annotations

from datetime import datetime

from .changes import Attempt, Edit, Move
from .outcome import Outcome
from .records import Node, Phase
from .run_core import RunCore
from .status import Status


class RunRequests(RunCore):
    """Applies requests to a run. Each says whether it could, or returns the nodes that the engine has to act on."""

    def cancel(self, reason: str, who: str | None, now: datetime) -> list[Node]:
        """Cancel the run. What has not started ends at once; the running nodes are returned to be stopped.

        Cancelling again changes nothing and returns what still runs.
        """
        text = reason or "The run was cancelled"
        if self.cancel_reason is None:
            self.cancel_reason = text
            self.batch.fields.cancel_requested_at = now
            self.batch.fields.cancel_reason = text
            self.batch.event("run.cancel_requested", None, {"reason": reason, "by": who}, now)
            self._cancel_waiting(text, now)
        running = [node for node in self.nodes if node.phase in (Phase.STARTING, Phase.RUNNING)]
        for node in running:
            node.cancel_reason = node.cancel_reason or text
        self._settle(now)
        return running

    def time_out(self, now: datetime) -> list[Node]:
        """The run has taken longer than its tree allows: stop it as `cancel` does; it ends as failed."""
        if self.cancel_reason is None:
            self.timed_out = True
            self.batch.fields.timed_out = True
            self.batch.event("run.timed_out", None, {"timeout_seconds": self.record.timeout_seconds}, now)
        return self.cancel(self._time_out_text(), None, now)

    def fail(self, reason: str, now: datetime) -> list[Node]:
        """Something outside its tasks has failed the run: stop it as `cancel` does; it ends as failed with `reason`."""
        if self.cancel_reason is None:
            self.failure = reason
            # Kept in the row at once: whoever takes the run over has to end it so too.
            self.batch.fields.error = reason
        return self.cancel(reason, None, now)

    def _cancel_waiting(self, reason: str, now: datetime) -> None:
        # Back to front, so that a dependent is cancelled by the request and not by its dependency.
        for node in reversed(self.nodes):
            if node.phase in (Phase.WAITING, Phase.READY, Phase.DELAYED) and not node.is_group:
                self._end(node, Outcome.cancelled(reason), now)

    def cancel_task(self, node: Node, reason: str, who: str | None, now: datetime) -> bool:
        """Cancel one task. Returns True when it runs, so that the caller has to stop it."""
        text = reason or "The task was cancelled"
        if node.phase in (Phase.WAITING, Phase.READY, Phase.DELAYED):
            self._end(node, Outcome.cancelled(text), now)
            self._settle(now)
        elif node.phase in (Phase.STARTING, Phase.RUNNING):
            if node.cancel_reason is None:
                # Kept in the row too: whoever owns the run when the attempt is lost must not run it again.
                node.cancel_reason = text
                self.batch.edits.append(Edit(node.record.pk, cancel_reason=text))
                self.batch.event("task.cancel_requested", node.record.pk, {"reason": reason, "by": who}, now)
            return True
        return False

    def pause(self, who: str | None, now: datetime) -> None:
        """Start no more tasks until `resume`."""
        if not self.paused:
            self.paused = True
            self.batch.fields.paused = True
            self.batch.event("run.paused", None, {"by": who}, now)

    def resume(self, who: str | None, now: datetime) -> None:
        """Start tasks again."""
        if self.paused:
            self.paused = False
            self.batch.fields.paused = False
            self.batch.event("run.resumed", None, {"by": who}, now)

    def retry(self, node: Node, who: str | None, now: datetime) -> bool:
        """Put a failed or cancelled task back, with everything that it alone had stopped. False when it did not end so.

        Its attempts so far do not count against its retry policy any more.
        """
        if not self._requeue(node, who, now):
            return False
        self._offer_all(now)
        return True

    def skip(self, node: Node, who: str | None, now: datetime) -> bool:
        """Go on without a task: it counts as completed, with no result. False when it runs or has completed."""
        if node.phase in (Phase.STARTING, Phase.RUNNING) or self.cancel_reason is not None:
            return False
        if node.phase is Phase.DONE and not self._requeue(node, who, now):
            return False
        self._end(node, Outcome(Status.COMPLETED, "null", error_type="skipped"), now)
        self._offer_all(now)
        return True

    def run_now(self, node: Node, now: datetime) -> bool:
        """Start the next attempt of a delayed task without waiting for its time. False when it is not delayed."""
        if node.phase is not Phase.DELAYED:
            return False
        node.record.next_attempt_at = None
        self._offer(node, now)
        self._settle(now)
        return True

    def _requeue(self, node: Node, who: str | None, now: datetime) -> bool:
        if self.cancel_reason is not None or node.status not in (Status.FAILED, Status.CANCELLED):
            return False
        revived = self._stopped_by(node)
        for other in revived:
            self._revive(other, who, now)
        for other in self.nodes:
            if other.phase in (Phase.WAITING, Phase.READY, Phase.DELAYED):
                waits = [index for index, _ in other.dependencies] + other.children
                other.unmet = sum(self.nodes[index].phase is not Phase.DONE for index in waits)
                if other.unmet and other.phase is not Phase.WAITING:
                    # It had not started yet, and what it waited for is to run again.
                    other.phase = Phase.WAITING
                    other.ready_token += 1
        return True

    def _stopped_by(self, node: Node) -> list[Node]:
        """The node itself, what it stopped, and the groups that ended with it."""
        found = {node.index: node}
        stack = [node]
        while stack:
            current = stack.pop()
            followers = [index for index, required in current.dependents if required] + current.groups
            for index in followers:
                other = self.nodes[index]
                ended = other.phase is Phase.DONE and other.status in (Status.FAILED, Status.CANCELLED)
                if index not in found and ended and other.attempt == 0:
                    found[index] = other
                    stack.append(other)
        return list(found.values())

    def _revive(self, node: Node, who: str | None, now: datetime) -> None:
        record = node.record
        if node.attempt > 0:
            self.batch.attempts.append(
                Attempt(
                    *(record.pk, node.attempt, "failed", node.error or "", node.error_type or ""), node.started_at, now
                )
            )
        node.uncounted = node.attempt
        self.batch.move(
            Move(
                record.pk,
                node.attempt,
                node.status,
                Status.PENDING,
                now,
                uncounted_attempts=node.uncounted,
                worker_losses=node.losses,
            )
        )
        self.batch.event("task.requeued", record.pk, {"by": who}, now)
        node.status, node.phase = Status.PENDING, Phase.WAITING
        node.error = node.error_type = node.first_cause = node.cancel_reason = None
        self.remaining += 1

    def set_priority(self, node: Node | None, priority: int, who: str | None, now: datetime) -> list[Node]:
        """Change the priority of one task, or of the run (None). Returns the ready nodes to be queued anew."""
        # With what it was, so that whoever reads the log can also go back in it.
        was = self.priority if node is None else node.priority
        data = {"priority": priority, "was": was, "by": who}
        if node is None:
            self.priority = priority
            self.batch.fields.priority = priority
            self.batch.event("run.priority_changed", None, data, now)
            moved = [other for other in self.nodes if other.phase is Phase.READY]
        else:
            if node.phase is Phase.DONE:
                return []
            node.priority = priority
            self.batch.edits.append(Edit(node.record.pk, priority=priority))
            self.batch.event("task.priority_changed", node.record.pk, data, now)
            moved = [node] if node.phase is Phase.READY else []
        for other in moved:
            other.ready_token += 1
        return moved

    def set_inputs(self, node: Node, inputs_json: str, now: datetime) -> bool:
        """Change the inputs of a task of this run that has not started. Returns False when it is too late."""
        if node.phase not in (Phase.WAITING, Phase.READY, Phase.DELAYED):
            return False
        node.record.inputs_json = inputs_json
        self.batch.edits.append(Edit(node.record.pk, inputs_json=inputs_json))
        self.batch.event("task.edited", node.record.pk, {"fields": ["inputs"]}, now)
        return True
