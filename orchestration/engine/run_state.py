"""The owner's view of one run: pure state and rules (architecture 6). It decides; it starts nothing and writes nothing.

Each method applies one happening, appends what must be written to `batch`, and puts tasks that became ready on `ready`.
The engine writes the batch, starts what is ready under its limits, and reports back.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from .changes import Start
from .hook_plan import HookFacts
from .inputs import InputSources, Upstream
from .json_values import decode
from .outcome import Outcome
from .records import Node, Phase
from .retry import MAX_WORKER_LOSSES
from .run_core import quote
from .run_requests import RunRequests
from .status import Status


class RunState(RunRequests):
    """One run in the memory of its owner: what the engine tells it, on top of what people ask of it."""

    def begin(self, now: datetime) -> None:
        """Start or take over the run: settle what a lost worker left, and queue what is ready."""
        taken_over = self.status is Status.IN_PROGRESS
        if not taken_over:
            self.status = Status.IN_PROGRESS
            self.batch.fields.status = Status.IN_PROGRESS
            self.batch.fields.started_at = now
        self.batch.event("run.taken_over" if taken_over else "run.started", None, {"epoch": self.epoch}, now)
        self._refuse_cycle(now)
        for node in self.nodes:
            if node.status is Status.IN_PROGRESS:
                self._lost(node, now)
        if self.cancel_reason is not None:
            self._cancel_waiting(self.cancel_reason, now)
        self._offer_all(now)

    def _refuse_cycle(self, now: datetime) -> None:
        """A cycle can only come from a definition that no validator saw; it ends the run instead of blocking it."""
        unmet = [node.unmet if node.phase is not Phase.DONE else 0 for node in self.nodes]
        free = [node.index for node in self.nodes if unmet[node.index] == 0]
        reached = len(free)
        while free:
            node = self.nodes[free.pop()]
            if node.phase is Phase.DONE:
                continue
            for index in (*(target for target, _ in node.dependents), *node.groups):
                unmet[index] -= 1
                if unmet[index] == 0:
                    free.append(index)
                    reached += 1
        if reached == len(self.nodes):
            return
        stuck = [node for node in self.nodes if unmet[node.index] > 0]
        names = ", ".join(repr(node.record.name) for node in stuck[:5])
        for node in stuck:
            if node.phase is Phase.WAITING:
                text = f"Not run: these tasks wait for each other in a cycle: {names}. Remove one of the dependencies"
                self._end(node, Outcome.failed(text, "cycle"), now)

    def _lost(self, node: Node, now: datetime) -> None:
        """The worker that ran this attempt is gone."""
        node.losses += 1
        node.uncounted += 1
        cancelled = node.cancel_reason or self.cancel_reason
        if cancelled is not None:
            self._end(node, Outcome.cancelled(cancelled), now)
            return
        text = f"The worker that ran attempt {node.attempt} was lost"
        if node.losses > MAX_WORKER_LOSSES:
            text += f", as were {node.losses - 1} before it: the task seems to end its worker"
            self._end(node, Outcome.failed(text, "worker_lost"), now)
            return
        if self._is_unrepeatable(node):
            text += "; its executor may not be run twice, so what it did is unknown"
            self._end(node, Outcome.failed(text, "outcome_unknown"), now)
            return
        self._back_to_pending(node, "worker_lost", text, "worker_lost", now, now)
        self.batch.event("task.worker_lost", node.record.pk, {"attempt": node.attempt, "losses": node.losses}, now)
        node.phase = Phase.WAITING

    def _is_unrepeatable(self, node: Node) -> bool:
        get = getattr(self._known, "get", None)
        if get is None or node.executor is None or node.executor not in self._known:
            return False
        return not get(node.executor).idempotent

    def refuse(self, node: Node, outcome: Outcome, now: datetime) -> None:
        """End a ready node that may not start."""
        self._end(node, outcome, now)
        self._settle(now)

    def start(self, node: Node, now: datetime) -> None:
        """Write the start of the next attempt; user code may run once that is committed."""
        node.attempt += 1
        node.phase = Phase.STARTING
        node.status = Status.IN_PROGRESS
        node.started_at = now
        self.active += 1
        self.batch.start(Start(node.record.pk, node.attempt, node.executor or "", now))
        self.batch.event("task.started", node.record.pk, node.attempt, now)

    def finish(self, node: Node, outcome: Outcome, resolved_json: str | None, now: datetime) -> None:
        """Take over the outcome of the running attempt. The first terminal write wins: a cancel stays a cancel."""
        if node.cancel_reason is not None and outcome.status is not Status.CANCELLED:
            outcome = Outcome.cancelled(node.cancel_reason)
        if outcome.status is Status.FAILED and outcome.retryable and node.retry.allows_another(node.counted_attempts):
            self._retry(node, outcome, resolved_json, now)
        else:
            self._end(node, outcome, now, resolved_json)
        self._settle(now)

    def _retry(self, node: Node, outcome: Outcome, resolved_json: str | None, now: datetime) -> None:
        delay = node.retry.delay_seconds(node.counted_attempts, self._chance())
        due = now + timedelta(seconds=delay)
        error, kind = outcome.error or "", outcome.error_type or ""
        self._back_to_pending(node, "failed", error, kind, due, now, resolved_json)
        data = {
            "attempt": node.attempt,
            "of": node.retry.max_attempts,
            "delay_seconds": round(delay, 3),
            "error": quote(error),
            "error_type": kind,
        }
        self.batch.event("task.retrying", node.record.pk, data, now)
        self._delay(node, due)

    def wake(self, node: Node, token: int, now: datetime) -> None:
        """The time of a delayed attempt has come."""
        if node.phase is Phase.DELAYED and node.ready_token == token:
            node.record.next_attempt_at = None
            self._offer(node, now)
            self._settle(now)

    def note(self, type: str, node: Node | None, data: Mapping[str, object], now: datetime) -> None:
        """Append an event that changes no status."""
        self.batch.event(type, node.record.pk if node else None, dict(data), now)

    def hand_back(self, now: datetime) -> None:
        """Give the run up in good order: running attempts are not counted, and anyone may claim the run at once."""
        for node in self.nodes:
            if node.phase in (Phase.STARTING, Phase.RUNNING):
                cancelled = node.cancel_reason or self.cancel_reason
                if cancelled is not None:
                    self._end(node, Outcome.cancelled(cancelled), now)
                    continue
                node.uncounted += 1
                text = f"The worker stopped during attempt {node.attempt}"
                self._back_to_pending(node, "handed_back", text, "handed_back", now, now)
                self.batch.event("task.handed_back", node.record.pk, {"attempt": node.attempt}, now)
                node.phase = Phase.WAITING
        self._settle(now)
        if self.status.is_terminal:
            return
        self.batch.event("run.handed_back", None, {"epoch": self.epoch}, now)
        self.batch.fields.release = True

    @property
    def hook_facts(self) -> HookFacts:
        """What filters of hooks look at, as far as it is the same for all tasks."""
        return HookFacts(self.record.tree_id, self.record.tree_name, self.record.tags)

    def sources(self, node: Node) -> InputSources:
        """Collect what the node's inputs are made from."""
        return InputSources(
            own=decode(node.record.inputs_json),
            dependencies=[self._upstream(index) for index, _ in node.dependencies],
            referenced=[self._upstream(index) for index in node.references],
            params=self.record.parameters,
            run={"id": self.id, "tree": self.record.tree_name, "queued_at": self.record.queued_at.isoformat()},
        )

    def _upstream(self, index: int) -> Upstream:
        node = self.nodes[index]
        return Upstream(
            node.record.uid, node.record.name, node.status.value, node.result_json, node.error, node.is_group
        )
