"""The bench that a scenario works on: the test's database, worker processes on it, runs, and their side effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.db import connection

from benchmarks.chaos import effects
from benchmarks.chaos.effects import Effect
from benchmarks.chaos.rows import database_violations
from benchmarks.chaos.worker_process import WorkerProcess, wait_until
from orchestration.engine.definition import DependencySpec, TaskSpec, TreeSpec, new_id
from orchestration.engine.retry import RetryPolicy
from orchestration.models import Run, RunEvent, TaskRun, Worker
from orchestration.store.snapshots import NewRun, insert_run

#: What the connections of worker processes are called.
WORKERS = "apflow-fault-worker"
#: Generous: the machine may be busy with other things.
SECONDS = 60.0


def database_url(dbname: str | None = None) -> str:
    """The test's database as a URL for another process."""
    params = connection.get_connection_params()
    parts = {"host": params.get("host"), "port": params.get("port"), "password": params.get("password")}
    # By this name a test ends the connections of its workers, and none of this process's own.
    parts["application_name"] = WORKERS
    query = "&".join(f"{key}={quote(str(value), safe='')}" for key, value in parts.items() if value)
    user = quote(str(params.get("user") or ""), safe="")
    return f"postgresql://{user}@/{quote(dbname or str(params['dbname']), safe='')}?{query}"


def task(
    uid: str,
    executor: str | None = "fault_wait",
    *,
    requires: Sequence[str] = (),
    likes: Sequence[str] = (),
    attempts: int = 1,
    delay: float = 0.0,
    timeout: float | None = None,
    **inputs: Any,
) -> TaskSpec:
    """Make a task: `requires` and `likes` are required and optional dependencies."""
    edges = (*(DependencySpec(other) for other in requires), *(DependencySpec(other, False) for other in likes))
    retry = RetryPolicy(max_attempts=attempts, backoff="fixed", base_seconds=delay, jitter=0.0)
    return TaskSpec(uid, uid, executor, inputs, dependencies=edges, timeout_seconds=timeout, retry=retry)


@dataclass
class Bench:
    """Workers, runs and effects of one test."""

    folder: Path
    workers: list[WorkerProcess] = field(default_factory=list)

    @property
    def effects_file(self) -> Path:
        """Where executors append what they do."""
        return self.folder / "effects.jsonl"

    def gate(self, name: str = "gate") -> Path:
        """A file that does not exist yet; `touch` lets what waits for it go on."""
        return self.folder / name

    # --- workers ------------------------------------------------------------------------------------------------

    def worker(
        self,
        *,
        slots: int = 10,
        drain: float = 20.0,
        lease: int = 2,
        url: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> WorkerProcess:
        """Start a worker and wait until it is ready."""
        settings = {
            "DATABASE_URL": url or database_url(),
            "APFLOW_DATA_DIR": str(self.folder / "data"),
            "APFLOW_EXECUTORS": "tests.faults.executors,tests.faults.crash_points",
            "APFLOW_LEASE_SECONDS": str(lease),
            **(environment or {}),
        }
        log = self.folder / f"worker-{len(self.workers) + 1}.log"
        worker = WorkerProcess(log, settings, slots=slots, drain_seconds=drain)
        self.workers.append(worker)
        return worker.wait_ready(SECONDS * 2)

    def worker_row(self, worker: WorkerProcess) -> Worker:
        """The newest identity of a worker process."""
        return Worker.objects.filter(pid=worker.pid).latest("started_at")

    def stop_workers(self) -> None:
        """End all workers, whatever state they are in."""
        for worker in self.workers:
            worker.discard()

    # --- runs ---------------------------------------------------------------------------------------------------

    def start(self, *tasks: TaskSpec, max_concurrency: int | None = None, owner: str | None = None) -> Run:
        """Start a run of these tasks. It is inserted as the store does it: this process knows no such executors."""
        ready = tuple(_with_effects(item, str(self.effects_file)) for item in tasks)
        spec = TreeSpec("faults", ready, max_concurrency=max_concurrency)
        new = NewRun(new_id(), spec, None, 1, Run.Trigger.API, owner=owner)
        assert insert_run(new)
        return Run.objects.get(pk=new.id)

    def wait_run(self, run: Run, seconds: float = SECONDS) -> Run:
        """Wait until a run has ended and return it."""
        self.wait(lambda: Run.objects.finished().filter(pk=run.pk).exists(), f"run {run.pk} to end", seconds)
        return Run.objects.get(pk=run.pk)

    def wait(self, condition: Any, what: str, seconds: float = SECONDS) -> Any:
        """Wait for a condition; a failure shows what the workers printed."""
        try:
            return wait_until(condition, seconds, what)
        except TimeoutError as error:
            raise AssertionError(f"{error}\n{self.story()}") from None

    def wait_effect(self, run: Run, what: str, *, task: str | None = None, count: int = 1) -> list[Effect]:
        """Wait until user code of a run has done something `count` times."""
        found: list[Effect] = self.wait(
            lambda: seen if len(seen := self.effects(run, what, task=task)) >= count else [],
            f"{count} times {what!r} of {task or 'any task'}",
        )
        return found

    def effects(self, run: Run | None = None, what: str | None = None, *, task: str | None = None) -> list[Effect]:
        """Effects so far, in order."""
        return [
            effect
            for effect in effects.read(self.effects_file)
            if (run is None or effect.run == str(run.pk))
            and (what is None or effect.what == what)
            and (task is None or effect.task == task)
        ]

    def task_run(self, run: Run, uid: str) -> TaskRun:
        """A task's row."""
        return TaskRun.objects.get(run=run, task_uid=uid)

    def events(self, run: Run, *types: str) -> list[RunEvent]:
        """Events of a run, of these types or all."""
        found = RunEvent.objects.filter(run=run).order_by("seq")
        return list(found.filter(type__in=types) if types else found)

    def wait_event(self, run: Run, type: str, count: int = 1) -> list[RunEvent]:
        """Wait until a run's log has so many events of a type."""
        found: list[RunEvent] = self.wait(
            lambda: seen if len(seen := self.events(run, type)) >= count else [],
            f"{count} times {type} of run {run.pk}",
        )
        return found

    # --- the verdict --------------------------------------------------------------------------------------------

    def story(self) -> str:
        """What the workers printed and the log says, for a failed test."""
        lines = [
            f"--- {worker.log.name} (alive: {worker.is_alive})\n{worker.output[-3000:]}" for worker in self.workers
        ]
        for run in Run.objects.order_by("-queued_at")[:3]:
            said = [f"{event.seq} {event.type} {event.task_run_id} {event.data}" for event in self.events(run)[-30:]]
            lines.append(f"--- run {run.pk} {run.status} owner {run.owner_id} epoch {run.epoch}\n" + "\n".join(said))
        return "\n".join(lines)

    def check(self) -> None:
        """Judge every log and row in the database."""
        violations = database_violations()
        assert not violations, "\n".join(violations)


def _with_effects(spec: TaskSpec, path: str) -> TaskSpec:
    inputs = {"effects": path, **spec.inputs}
    if isinstance(inputs.get("gate"), Path):
        inputs["gate"] = str(inputs["gate"])
    return replace(spec, inputs=inputs)
