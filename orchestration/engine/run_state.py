"""The owner's view of one run: pure state and rules (architecture 6). It decides; it starts nothing and writes nothing.

Each method applies one happening, appends what must be written to `batch`, and puts tasks that became ready on `ready`.
The engine writes the batch, starts what is ready under its limits, and reports back. Walks are iterative: a chain of
5,000 tasks is no deeper than one of 5.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container, Mapping
from datetime import datetime, timedelta
from typing import Final

from .binding import has_expression, tasks_used
from .changes import Attempt, Completion, Edit, Move, RunBatch, Start
from .definition import Member, find_groups, named_executor
from .inputs import InputSources, Upstream
from .json_values import decode
from .outcome import Outcome
from .records import Node, Phase, RunRecord
from .retry import MAX_WORKER_LOSSES
from .status import Status

#: Characters of a cause's error that are repeated in the errors of what it stopped.
_QUOTED_CHARS: Final = 300


class RunState:
    """One run in the memory of its owner."""

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

    # --- building -----------------------------------------------------------------------------------------------

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
        names = {node.record.name: node.index for node in self.nodes}
        for node in self.nodes:
            direct = {index for index, _ in node.dependencies}
            if has_expression(node.record.inputs_json):
                for name in sorted(tasks_used(decode(node.record.inputs_json))):
                    index = self.by_uid[name].index if name in self.by_uid else names.get(name)
                    if index is not None and index not in direct and index != node.index:
                        node.references.append(index)
            if node.status is not Status.COMPLETED:
                for index in (*direct, *node.references):
                    self.nodes[index].readers += 1

    # --- starting -----------------------------------------------------------------------------------------------

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

    def _settle_late(self, node: Node, now: datetime) -> None:
        """A dependency that had ended before (in an earlier epoch, or reused) may still have to stop a dependent."""
        for index, required in node.dependents:
            dependent = self.nodes[index]
            if dependent.phase is Phase.WAITING and required and node.status is not Status.COMPLETED:
                self._stop_dependent(dependent, node, now)

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
        elif node.executor is None or node.executor not in self._known:
            self._end(node, self._no_executor(node), now)
        elif node.record.next_attempt_at is not None and node.record.next_attempt_at > now:
            self._delay(node, node.record.next_attempt_at)
        else:
            self._enqueue(node)

    def _enqueue(self, node: Node) -> None:
        node.phase = Phase.READY
        node.ready_token += 1
        self.ready.append(node)

    def _delay(self, node: Node, until: datetime) -> None:
        node.phase = Phase.DELAYED
        node.ready_token += 1
        self.delayed.append((node, until))

    @staticmethod
    def _no_executor(node: Node) -> Outcome:
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
            text = f"{cause.record.name!r} in this group failed: {_quote(cause.error)}"
            return Outcome.failed(text, "child_failed")
        if any(node.status is Status.CANCELLED and node.error_type != "disabled" for node in members):
            return Outcome.cancelled("A task of this group was cancelled")
        return Outcome.completed("null")

    def refuse(self, node: Node, outcome: Outcome, now: datetime) -> None:
        """End a ready node that may not start."""
        self._end(node, outcome, now)
        self._settle(now)

    # --- what the engine reports --------------------------------------------------------------------------------

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
        if (
            outcome.status is Status.FAILED
            and outcome.retryable
            and node.record.retry.allows_another(node.counted_attempts)
        ):
            self._retry(node, outcome, resolved_json, now)
        else:
            self._end(node, outcome, now, resolved_json)
        self._settle(now)

    def _retry(self, node: Node, outcome: Outcome, resolved_json: str | None, now: datetime) -> None:
        delay = node.record.retry.delay_seconds(node.counted_attempts, self._chance())
        due = now + timedelta(seconds=delay)
        error, kind = outcome.error or "", outcome.error_type or ""
        self._back_to_pending(node, "failed", error, kind, due, now, resolved_json)
        data = {
            "attempt": node.attempt,
            "of": node.record.retry.max_attempts,
            "delay_seconds": round(delay, 3),
            "error": _quote(error),
            "error_type": kind,
        }
        self.batch.event("task.retrying", node.record.pk, data, now)
        self._delay(node, due)

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

    def wake(self, node: Node, token: int, now: datetime) -> None:
        """The time of a delayed attempt has come."""
        if node.phase is Phase.DELAYED and node.ready_token == token:
            node.record.next_attempt_at = None
            self._offer(node, now)
            self._settle(now)

    def note(self, type: str, node: Node | None, data: Mapping[str, object], now: datetime) -> None:
        """Append an event that changes no status."""
        self.batch.event(type, node.record.pk if node else None, dict(data), now)

    # --- what people ask ----------------------------------------------------------------------------------------

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

    def _time_out_text(self) -> str:
        return f"The run took longer than its limit of {self.record.timeout_seconds:g} s"

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

    def _offer_all(self, now: datetime) -> None:
        """After nodes were put back: stop again what something else still stops, and offer what waits for nothing."""
        for other in self.nodes:
            if other.phase is Phase.DONE:
                self._settle_late(other, now)
        for other in self.nodes:
            if other.phase is Phase.WAITING and other.unmet == 0:
                self._offer(other, now)
        self._settle(now)

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
        data = {"priority": priority, "by": who}
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

    # --- the end of tasks ---------------------------------------------------------------------------------------

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
            data |= {"error": _quote(outcome.error), "error_type": outcome.error_type}
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
            text = f"Not run: it requires {name!r}, which failed: {_quote(cause.error)}"
        else:
            text = (
                f"Not run: it requires {name!r}, which was not run because "
                f"{cause.record.name!r} failed: {_quote(cause.error)}"
            )
        self._end(dependent, Outcome.failed(text, "dependency_failed"), now)

    def _root_cause(self, node: Node) -> Node:
        return node if node.first_cause is None else self.nodes[node.first_cause]

    def _is_tolerated(self, node: Node) -> bool:
        """A failure that every dependent has declared it can live with."""
        return bool(node.dependents) and not any(required for _, required in node.dependents)

    # --- the end of the run -------------------------------------------------------------------------------------

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
        self.batch.event(f"run.{self.status}", None, {"tasks": counts, "error": _quote(error) if error else None}, now)

    def _run_error(self, untolerated: list[Node]) -> str:
        own = [node for node in untolerated if node.first_cause is None and node.error_type != "child_failed"]
        first = (own or untolerated)[0]
        more = len(own) - 1
        word = "failed" if first.status is Status.FAILED else "was cancelled"
        also = f" (and {more} more task{'s' if more > 1 else ''} failed by themselves)" if more > 0 else ""
        return f"{first.record.name!r} {word}: {_quote(first.error)}{also}"

    # --- for the lane -------------------------------------------------------------------------------------------

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

    def take_batch(self) -> RunBatch:
        """Hand over what is to be written, and begin the next batch."""
        taken = self.batch
        self.batch = RunBatch(self.id, self.epoch, taken.last_seq)
        return taken

    def has_changes(self) -> bool:
        """Tell whether anything waits to be written."""
        batch = self.batch
        return bool(batch.events or batch.edits or batch.handled or batch.fields.release)


def _quote(error: str | None) -> str:
    text = (error or "no reason given").strip()
    return text if len(text) <= _QUOTED_CHARS else f"{text[:_QUOTED_CHARS]}…"
