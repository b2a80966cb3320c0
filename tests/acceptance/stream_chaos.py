"""Run as a program: clients follow runs through everything that can break, on a database server of their own.

The web process and the worker are killed, the database is restarted and crashed, and a proxy cuts and delays the
lines, at random, while runs run. Prints the seed first, and a verdict as JSON last.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from benchmarks.chaos.database import PrivateDatabase

if TYPE_CHECKING:
    from tests.acceptance.support.stubborn_clients import StubbornClient

RUNS = 4
#: How long everything may take to come to its end after the last fault.
SETTLE_SECONDS = 90.0


def main() -> None:
    """Set everything up, break it for a while, and judge what the clients know."""
    seconds = float(sys.argv[1])
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else secrets.randbelow(2**32)
    print(f"seed={seed}", flush=True)  # noqa: T201
    folder = Path(tempfile.mkdtemp(prefix="apflow-stream-chaos-"))
    database = PrivateDatabase(folder / "data")
    environment = {
        "DATABASE_URL": database.url,
        "APFLOW_DATA_DIR": str(folder / "data"),
        "APFLOW_EXECUTORS": "benchmarks.chaos.executors",
    }
    os.environ.update(environment, DJANGO_SETTINGS_MODULE="apflow_site.settings")
    try:
        import django

        django.setup()
        print(json.dumps(Scenario(folder, database, environment, Random(seed)).play(seconds)))  # noqa: T201
    finally:
        _clean_up(database, folder)


def _clean_up(database: PrivateDatabase, folder: Path) -> None:
    from django.db import connections

    connections.close_all()
    database.stop()
    link = folder / "data" / "postgres"
    if link.is_symlink():  # run as root: the cluster is elsewhere
        shutil.rmtree(link.resolve(), ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


class Scenario:
    """The processes, the clients, and the faults."""

    def __init__(self, folder: Path, database: PrivateDatabase, environment: dict[str, str], random: Random) -> None:
        from django.core.management import call_command

        from benchmarks.chaos.worker_process import WorkerProcess
        from benchmarks.web_process import WebProcess
        from tests.acceptance.support.flaky_proxy import FlakyProxy

        call_command("migrate", verbosity=0)
        self._folder, self._database, self._environment, self._random = folder, database, environment, random
        self._web = WebProcess(folder / "web.log", environment).wait_ready()
        self._worker: WorkerProcess = WorkerProcess(folder / "worker.log", environment).wait_ready()
        self._proxy = FlakyProxy(self._web.port)
        self._clients: list[StubbornClient] = []
        self._faults: dict[str, int] = {}
        self._settled_in = 0.0

    def play(self, seconds: float) -> dict[str, Any]:
        """Start runs and clients, break things for so long, and return the verdict."""
        try:
            self._start_runs()
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                time.sleep(self._random.uniform(0.1, 0.7))
                self._break_something()
            self._settle()
            return self._verdict()
        finally:
            for client in self._clients:
                client.give_up()
            self._proxy.stop()
            self._web.discard()
            self._worker.discard()

    # --- the players --------------------------------------------------------------------------------------------

    def _start_runs(self) -> None:
        from django.contrib.auth.models import User

        from orchestration.models import ApiToken
        from tests.acceptance.support import stubborn_clients as clients

        secret = ApiToken.new_secret()
        user = User.objects.create_superuser("chaos")
        ApiToken.objects.create(user=user, name="chaos", hint=secret[:8], digest=ApiToken.digest_of(secret))
        host = f"127.0.0.1:{self._proxy.port}"
        for _ in range(RUNS):
            run_id = self._start_run()
            for kind in (clients.SocketClient, clients.EventStreamClient, clients.PollingClient):
                self._clients.append(kind(host, secret, run_id, self._random.randrange(2**32)))
        for client in self._clients:
            client.start()

    def _start_run(self) -> str:
        from orchestration.engine.definition import DependencySpec, TaskSpec, TreeSpec, new_id
        from orchestration.engine.json_values import JSONValue
        from orchestration.engine.retry import RetryPolicy
        from orchestration.store.snapshots import NewRun, insert_run

        retry = RetryPolicy(max_attempts=3, backoff="fixed", base_seconds=0.1, jitter=0.0)
        inputs: dict[str, JSONValue] = {"effects": str(self._folder / "effects.jsonl"), "seconds": 0.3}
        tasks = []
        for n in range(60):
            edges = (DependencySpec(f"t{n - 3}", required=False),) if n > 2 else ()
            tasks.append(TaskSpec(f"t{n}", f"t{n}", "chaos_sleep", inputs, dependencies=edges, retry=retry))
        new = NewRun(new_id(), TreeSpec("watched", tuple(tasks)), None, 1, "api")
        insert_run(new)
        return new.id

    # --- the faults ---------------------------------------------------------------------------------------------

    def _break_something(self) -> None:
        faults = (
            self._kill_web,
            self._kill_worker,
            self._restart_database,
            self._drop,
            self._cut,
            self._cut,
            self._delay,
        )
        fault = self._random.choice(faults)
        self._faults[fault.__name__.strip("_")] = self._faults.get(fault.__name__.strip("_"), 0) + 1
        fault()

    def _kill_web(self) -> None:
        self._web.kill()
        time.sleep(self._random.uniform(0, 0.5))
        self._web.restart()

    def _kill_worker(self) -> None:
        self._worker.discard()
        self._keep_worker()

    def _keep_worker(self) -> None:
        """Start a worker when there is none: one that is started while the database is away ends at once."""
        from benchmarks.chaos.worker_process import WorkerProcess

        if not self._worker.is_alive:
            self._worker = WorkerProcess(self._folder / "worker.log", self._environment)

    def _restart_database(self) -> None:
        from django.db import connection

        connection.close()
        self._database.restart(crash=self._random.random() < 0.5, away_seconds=self._random.uniform(0, 1))

    def _drop(self) -> None:
        self._database.drop_connections()

    def _cut(self) -> None:
        self._proxy.cut()

    def _delay(self) -> None:
        self._proxy.stall()
        time.sleep(self._random.uniform(0.1, 1.5))
        self._proxy.flow()

    # --- the verdict --------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        began = time.monotonic()
        while any(client.is_alive() for client in self._clients) and time.monotonic() - began < SETTLE_SECONDS:
            self._keep_worker()
            time.sleep(0.1)
        self._settled_in = round(time.monotonic() - began, 1)

    def _verdict(self) -> dict[str, Any]:
        from django.db import connection

        connection.close()
        problems = [problem for client in self._clients for problem in _problems_of(client)]
        if problems:
            problems += [self._web.output[-3000:], self._worker.output[-1000:]]
        returns = sum(client.returns for client in self._clients)
        events = sum(client.ledger.cursor or 0 for client in self._clients)
        return {
            "problems": problems,
            "faults": self._faults,
            "returns": returns,
            "events": events,
            "settled_in": self._settled_in,
        }


def _problems_of(client: StubbornClient) -> list[str]:
    """Compare what a client knows with the database."""
    from orchestration.models import Run, RunEvent, TaskRun

    if client.problem is not None:
        return [client.problem]
    run, ledger = Run.objects.get(pk=client.run_id), client.ledger
    if ledger.end is None:
        return [f"{client.name} is at {ledger.cursor} of {run.last_seq} ({run.status}) and has not seen the end"]
    seqs = list(RunEvent.objects.filter(run=run).order_by("seq").values_list("seq", flat=True))
    statuses = dict(TaskRun.objects.filter(run=run, attempt__gt=0).values_list("task_uid", "status"))
    found = []
    if ledger.seqs != seqs:
        found.append(f"{client.name} has seen {len(ledger.seqs)} events of {len(seqs)}")
    if ledger.statuses != statuses or ledger.end["status"] != run.status:
        found.append(f"{client.name} believes in another state than the database")
    return found


if __name__ == "__main__":
    main()
