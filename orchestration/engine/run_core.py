"""One run in memory: its graph, and what the end of one task means for the others and for the run (architecture 6).

Pure state and rules; see `run_state`. Walks are iterative: a chain of 5,000 tasks is no deeper than one of 5.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container
from datetime import datetime
from typing import Final

from .binding import has_expression, tasks_used
from .changes import Attempt, Completion, Move, RunBatch
from .definition import Member, called, find_groups, named_executor
from .json_values import decode
from .outcome import Outcome
from .records import Node, Phase, RunRecord
from .status import Status

#: Characters of a cause's error that are repeated in the errors of what it stopped.
_QUOTED_CHARS: Final = 300


class RunCore:
    """The nodes of a run, how they wait for each other, and how they end."""

    def __init__(
        self,
        record: RunRecord,
        known_executors: Container[str],
        chance: Callable[[], float] = lambda: 0.5,
    ) -> None:
        self.record = record
        self.id = record.id
        self.epoch = record.epoch
        self.priority = record.priority
        self.status = record.status
        self.paused = record.paused
        self.timed_out = record.timed_out
        self.cancel_reason = record.cancel_reason
        #: Why the run is to end as failed, whatever its tasks come to.
        self.failure = record.failure
        self.error: str | None = None
        self.nodes = [Node(task, index) for index, task in enumerate(record.tasks)]
        self.by_uid = {node.record.uid: node for node in self.nodes}
        self.by_pk = {node.record.pk: node for node in self.nodes}
        #: Commands that this state has carried out, until the database says so too.
        self.handled: set[int] = set()
        #: Nodes to be queued, in the order in which they became ready.
        self.ready: list[Node] = []
        #: Nodes whose next attempt waits for its time.
        self.delayed: list[tuple[Node, datetime]] = []
        self.active = 0  # nodes that are starting or running
        self.batch = RunBatch(self.id, self.epoch, record.last_seq)
        self._chance = chance
        self._known = known_executors
        self._ended: deque[Node] = deque()
        self._link()
        self.remaining = sum(node.phase is not Phase.DONE for node in self.nodes)

    def _link(self) -> None:
        self._link_groups()
        for node in self.nodes:
            for edge in node.record.dependencies:
                upstream = self.by_uid.get(edge.id)
                if upstream is None or upstream is node:
                    continue
                node.dependencies.append((upstream.index, edge.required))
                upstream.dependents.append((node.index, edge.required))
            node.executor = None if node.is_group else self._executor_of(node)
        self._link_references()
        for node in self.nodes:
            waits = [index for index, _ in node.dependencies] + node.children
            node.unmet = sum(self.nodes[index].phase is not Phase.DONE for index in waits)
            cause = node.record.first_cause_uid
            node.first_cause = self.by_uid[cause].index if cause in self.by_uid else None

    def _link_groups(self) -> None:
        members = (
            Member(
                node.record.uid,
                node.record.parent_uid,
                self._executor_of(node) is not None,
                {edge.id for edge in node.record.dependencies},
            )
            for node in self.nodes
        )
        for uid, children in find_groups(members).items():
            group = self.by_uid[uid]
            group.is_group = True
            group.children = [self.by_uid[child].index for child in children]
            for index in group.children:
                self.nodes[index].groups.append(group.index)

    def _executor_of(self, node: Node) -> str | None:
        record = node.record
        named = named_executor(record.executor, record.params, record.schemas)
        return named or (record.name if record.name in self._known else None)

    def _link_references(self) -> None:
        expressive = [node for node in self.nodes if has_expression(node.record.inputs_json)]
        meant = called((node.record.uid, node.record.name) for node in self.nodes) if expressive else {}
        for node in expressive:
            own = {node.index, *(index for index, _ in node.dependencies)}
            found = (meant.get(name) for name in sorted(tasks_used(decode(node.record.inputs_json))))
            referenced = dict.fromkeys(self.by_uid[uid].index for uid in found if uid is not None)
            node.references.extend(index for index in referenced if index not in own)
        for node in self.nodes:
            if node.status is not Status.COMPLETED:
                for index in (*{index for index, _ in node.dependencies}, *node.references):
                    self.nodes[index].readers += 1

    # --- what is ready -----------------------------------------------------------------------------------------------

    def _offer(self, node: Node, now: datetime) -> None:
        """Dependencies are met: settle what needs no executor, queue the rest."""
        if self.cancel_reason is not None:
            self._end(node, Outcome.cancelled(self.cancel_reason), now)
        elif not node.record.enabled:
            self._end(
                node, Outcome(Status.CANCELLED, error="Not run: the task is disabled", error_type="disabled"), now
            )
        elif node.record.problem is not None:
            self._end(node, Outcome.failed(node.record.problem, "unreadable"), now)
        elif node.is_group:
            self._end(node, self._group_outcome(node), now)
        elif node.record.pinned_json is not None:
            self._end(node, Outcome.completed(node.record.pinned_json), now)
        elif not self._is_known(node):
            self._end(node, self.no_executor(node), now)
        elif node.record.next_attempt_at is not None and node.record.next_attempt_at > now:
            self._delay(node, node.record.next_attempt_at)
        else:
            self._enqueue(node)

    def _is_known(self, node: Node) -> bool:
        # One that is named by the task's name alone may have been made after the run was claimed.
        node.executor = node.executor or self._executor_of(node)
        return node.executor is not None and node.executor in self._known

    def _enqueue(self, node: Node) -> None:
        node.phase = Phase.READY
        node.ready_token += 1
        self.ready.append(node)

    def _delay(self, node: Node, until: datetime) -> None:
        node.phase = Phase.DELAYED
        node.ready_token += 1
        self.delayed.append((node, until))

    @staticmethod
    def no_executor(node: Node) -> Outcome:
        """What becomes of a task whose executor is not there."""
        if node.executor is None:
            text = f"The task names no executor, and no executor has the id {node.record.name!r}; choose one for it"
        else:
            text = f"There is no executor {node.executor!r} on this worker; install it, or choose another for the task"
        return Outcome.failed(text, "executor_not_found")

    def _group_outcome(self, group: Node) -> Outcome:
        members = [self.nodes[index] for index in group.children]
        failed = [node for node in members if node.status is Status.FAILED and not self._is_tolerated(node)]
        if failed:
            cause = self._root_cause(failed[0])
            text = f"{cause.record.name!r} in this group failed: {quote(cause.error)}"
            return Outcome.failed(text, "child_failed")
        if any(node.status is Status.CANCELLED and node.error_type != "disabled" for node in members):
            return Outcome.cancelled("A task of this group was cancelled")
        return Outcome.completed("null")

    def _offer_all(self, now: datetime) -> None:
        """After nodes were put back: stop again what something else still stops, and offer what waits for nothing."""
        for other in self.nodes:
            if other.phase is Phase.DONE:
                self._settle_late(other, now)
        for other in self.nodes:
            if other.phase is Phase.WAITING and other.unmet == 0:
                self._offer(other, now)
        self._settle(now)

    def _settle_late(self, node: Node, now: datetime) -> None:
        """A dependency that had ended before (in an earlier epoch, or reused) may still have to stop a dependent."""
        for index, required in node.dependents:
            dependent = self.nodes[index]
            if dependent.phase is Phase.WAITING and required and node.status is not Status.COMPLETED:
                self._stop_dependent(dependent, node, now)

    def _back_to_pending(
        self,
        node: Node,
        reason: str,
        error: str,
        error_type: str,
        due: datetime,
        now: datetime,
        resolved_json: str | None = None,
    ) -> None:
        self.batch.attempts.append(
            Attempt(node.record.pk, node.attempt, reason, error, error_type, node.started_at, now)
        )
        self.batch.move(
            Move(
                node.record.pk,
                node.attempt,
                Status.IN_PROGRESS,
                Status.PENDING,
                now,
                resolved_json=resolved_json,
                next_attempt_at=due,
                uncounted_attempts=node.uncounted,
                worker_losses=node.losses,
            )
        )
        if node.phase in (Phase.STARTING, Phase.RUNNING):
            self.active -= 1
        node.status = Status.PENDING

    # --- the end of tasks --------------------------------------------------------------------------------------------

    def _end(self, node: Node, outcome: Outcome, now: datetime, resolved_json: str | None = None) -> None:
        """Write a terminal status and note the node for `_settle`."""
        if node.phase is Phase.DONE:
            return
        if outcome.status is Status.COMPLETED and node.status is Status.IN_PROGRESS:
            result, resolved = outcome.result_json or "null", resolved_json or "null"
            self.batch.complete(Completion(node.record.pk, node.attempt, result, resolved, now))
        else:
            self.batch.move(self._terminal_move(node, outcome, resolved_json, now))
        self.batch.event(f"task.{outcome.status}", node.record.pk, self._end_data(node, outcome), now)
        if node.phase in (Phase.STARTING, Phase.RUNNING):
            self.active -= 1
        node.phase = Phase.DONE
        node.ready_token += 1
        node.status = outcome.status
        node.error, node.error_type = outcome.error, outcome.error_type
        node.result_json = outcome.result_json if node.readers else None
        self.remaining -= 1
        if outcome.status is Status.COMPLETED:
            # What failed or was cancelled may be put back; it will need its inputs again.
            node.record.inputs_json = "{}"
            self._release_inputs(node)
        self._ended.append(node)

    def _terminal_move(self, node: Node, outcome: Outcome, resolved_json: str | None, now: datetime) -> Move:
        cause = None if node.first_cause is None else self.nodes[node.first_cause].record.uid
        return Move(
            node.record.pk,
            node.attempt,
            node.status,
            outcome.status,
            now,
            result_json=outcome.result_json,
            resolved_json=resolved_json,
            error=outcome.error,
            error_type=outcome.error_type,
            first_cause_uid=cause,
            uncounted_attempts=node.uncounted,
            worker_losses=node.losses,
        )

    def _end_data(self, node: Node, outcome: Outcome) -> dict[str, object] | int:
        if outcome.status is Status.COMPLETED and outcome.error_type is None:
            return node.attempt
        data: dict[str, object] = {"attempt": node.attempt}
        if outcome.status is Status.COMPLETED:
            data[outcome.error_type or "completed"] = True
        if outcome.error is not None:
            data |= {"error": quote(outcome.error), "error_type": outcome.error_type}
        if node.first_cause is not None:
            data["first_cause"] = self.nodes[node.first_cause].record.uid
        return data

    def _release_inputs(self, node: Node) -> None:
        """Drop results that nobody will read any more, so that a long run does not hold them all."""
        for index in (*(upstream for upstream, _ in node.dependencies), *node.references):
            upstream = self.nodes[index]
            upstream.readers -= 1
            if upstream.readers <= 0:
                upstream.result_json = None

    def _settle(self, now: datetime) -> None:
        """Tell dependents and groups of every end, until nothing more follows; then end the run if all is done."""
        while self._ended:
            node = self._ended.popleft()
            for index, required in node.dependents:
                dependent = self.nodes[index]
                dependent.unmet -= 1
                if dependent.phase is not Phase.WAITING:
                    continue
                if required and node.status is not Status.COMPLETED:
                    self._stop_dependent(dependent, node, now)
                elif dependent.unmet == 0:
                    self._offer(dependent, now)
            for index in node.groups:
                group = self.nodes[index]
                group.unmet -= 1
                if group.phase is Phase.WAITING and group.unmet == 0:
                    self._offer(group, now)
        if self.remaining == 0 and not self.status.is_terminal:
            self._end_run(now)

    def _stop_dependent(self, dependent: Node, upstream: Node, now: datetime) -> None:
        cause = self._root_cause(upstream)
        name = upstream.record.name
        if upstream.status is Status.CANCELLED:
            kind = upstream.error_type or "cancelled"
            word = "is disabled" if kind == "disabled" else "was cancelled"
            text = f"Not run: it requires {name!r}, which {word}"
            self._end(dependent, Outcome(Status.CANCELLED, error=text, error_type=kind), now)
            return
        dependent.first_cause = cause.index
        if cause is upstream:
            text = f"Not run: it requires {name!r}, which failed: {quote(cause.error)}"
        else:
            text = (
                f"Not run: it requires {name!r}, which was not run because "
                f"{cause.record.name!r} failed: {quote(cause.error)}"
            )
        self._end(dependent, Outcome.failed(text, "dependency_failed"), now)

    def _root_cause(self, node: Node) -> Node:
        return node if node.first_cause is None else self.nodes[node.first_cause]

    def _is_tolerated(self, node: Node) -> bool:
        """A failure that every dependent has declared it can live with."""
        return bool(node.dependents) and not any(required for _, required in node.dependents)

    # --- the end of the run ------------------------------------------------------------------------------------------

    def _end_run(self, now: datetime) -> None:
        untolerated = [
            node
            for node in self.nodes
            if node.status in (Status.FAILED, Status.CANCELLED)
            and node.error_type != "disabled"
            and not self._is_tolerated(node)
        ]
        if self.timed_out:
            self.status, error = Status.FAILED, self._time_out_text()
        elif self.failure is not None:
            self.status, error = Status.FAILED, self.failure
        elif self.cancel_reason is not None:
            self.status, error = Status.CANCELLED, None
        elif untolerated:
            self.status, error = Status.FAILED, self._run_error(untolerated)
        else:
            self.status, error = Status.COMPLETED, None
        self.error = error
        fields = self.batch.fields
        fields.status, fields.finished_at, fields.error, fields.release = self.status, now, error, True
        counts = {status.value: 0 for status in Status if status.is_terminal}
        for node in self.nodes:
            counts[node.status.value] += 1
        self.batch.event(f"run.{self.status}", None, {"tasks": counts, "error": quote(error) if error else None}, now)

    def _run_error(self, untolerated: list[Node]) -> str:
        own = [node for node in untolerated if node.first_cause is None and node.error_type != "child_failed"]
        first = (own or untolerated)[0]
        more = len(own) - 1
        word = "failed" if first.status is Status.FAILED else "was cancelled"
        also = f" (and {more} more task{'s' if more > 1 else ''} failed by themselves)" if more > 0 else ""
        return f"{first.record.name!r} {word}: {quote(first.error)}{also}"

    def _time_out_text(self) -> str:
        return f"The run took longer than its limit of {self.record.timeout_seconds:g} s"

    # --- what is to be written ---------------------------------------------------------------------------------------

    def take_batch(self) -> RunBatch:
        """Hand over what is to be written, and begin the next batch."""
        taken = self.batch
        self.batch = RunBatch(self.id, self.epoch, taken.last_seq)
        return taken

    def has_changes(self) -> bool:
        """Tell whether anything waits to be written."""
        batch = self.batch
        return bool(batch.events or batch.edits or batch.handled or batch.fields.release)


def quote(error: str | None) -> str:
    """Return an error as it is repeated elsewhere: short, and never empty."""
    text = (error or "no reason given").strip()
    return text if len(text) <= _QUOTED_CHARS else f"{text[:_QUOTED_CHARS]}…"
