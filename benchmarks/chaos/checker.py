"""The judge of a chaos run: the clients' history and the side effects against the database."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from benchmarks.chaos.effects import Effect
from benchmarks.chaos.history import History
from benchmarks.chaos.replay import Replay, RunRow
from benchmarks.chaos.rows import load_run
from orchestration.models import Run

#: A start that was committed before a cancel may be on its way into its lane for so long, on a busy machine.
ON_ITS_WAY_SECONDS: Final = 2.0


class Checker:
    """Collects violations over all runs."""

    def __init__(self, history: History, effects: list[Effect]) -> None:
        self.history = history
        self.runs = 0
        self.tasks = 0
        self.attempts = 0
        self._effects: dict[str, list[Effect]] = defaultdict(list)
        for effect in effects:
            self._effects[effect.run].append(effect)

    def check(self) -> list[str]:
        """Judge everything and return the violations."""
        violations = list(self.history.violations)
        known: set[str] = set()
        keys: set[str | None] = set()
        for run in Run.objects.order_by("queued_at").iterator():
            row = load_run(run)
            known.add(row.id)
            keys.add(run.idempotency_key)
            self.runs += 1
            self.tasks += len(row.tasks)
            self.attempts += sum(task.attempt for task in row.tasks)
            violations += Replay(row).check()
            violations += self.check_effects(row)
        violations += [f"run {run} was answered to a client and is gone" for run in self.history.asked.keys() - known]
        violations += [f"effects of run {run}, which is not in the database" for run in self._effects.keys() - known]
        if len(keys) != self.runs:
            violations.append(f"{self.runs} runs have only {len(keys)} keys")
        return violations

    def check_effects(self, run: RunRow) -> list[str]:
        """Judge what user code did against what the log says that it was told to do."""
        found: list[str] = []
        effects = self._effects.get(run.id, [])
        ordered = {pk: task.uid for pk, task in ((task.pk, task) for task in run.tasks)}
        started = {
            (ordered[pk], int(data["attempt"])) for _, type, pk, data in run.events if type == "task.started" and pk
        }
        begun: set[tuple[str, int]] = set()
        ended: set[tuple[str, int]] = set()
        for effect in effects:
            attempt = (effect.task, effect.attempt)
            if effect.what == "end":
                ended.add(attempt)
                continue
            if attempt not in started:
                found.append(f"user code of {attempt} ran, but its start was never committed")
            if attempt in begun:
                found.append(f"user code of {attempt} ran twice")
            begun.add(attempt)
            found += self._too_late(run, effect)
            found += _too_early(run, attempt, {uid for uid, _ in ended})
        found += _unearned(run, ended)
        return [f"run {run.id}: {text}" for text in found]

    def _too_late(self, run: RunRow, effect: Effect) -> list[str]:
        """Say so when user code began well after its run's cancel was acknowledged, in a process that was awake."""
        if run.cancelled_at is None:
            return []
        acknowledged = run.cancelled_at.timestamp() - self.history.wall_offset
        late = effect.at - acknowledged
        if late < ON_ITS_WAY_SECONDS or self.history.stood_still(effect.pid, acknowledged, effect.at):
            return []
        return [f"user code of {(effect.task, effect.attempt)} began {late:.1f} s after the run was cancelled"]


def _too_early(run: RunRow, attempt: tuple[str, int], ended: set[str]) -> list[str]:
    """Name the required dependencies whose work had not ended when this attempt's code ran."""
    rows = {task.uid: task for task in run.tasks}
    found = []
    for edge in rows[attempt[0]].dependencies:
        upstream = rows[edge["id"]]
        ran = upstream.executor is not None and upstream.status == "completed"
        if edge["required"] and ran and upstream.uid not in ended:
            found.append(f"user code of {attempt} ran before {upstream.uid!r}, which it requires, had ended")
    return found


def _unearned(run: RunRow, ended: set[tuple[str, int]]) -> list[str]:
    """Name completed tasks whose accepted attempt never ended its work, or whose result is another one's."""
    found = []
    for task in run.tasks:
        if task.status == "completed" and task.executor is not None:
            if (task.uid, task.attempt) not in ended:
                found.append(f"task {task.uid!r} is completed, but attempt {task.attempt} never ended its work")
            if task.result != {"status": "completed", "result": task.attempt}:
                found.append(f"task {task.uid!r} holds {task.result!r} as the result of attempt {task.attempt}")
    return found
