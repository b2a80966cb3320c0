"""How long lists take with 1,000 and with 100,000 runs and what is written beside them, and pruning of old workers.

Run `python -m benchmarks.admin [--rounds N] [--runs N]`. Requests go through the whole site, in this process; figures
are the best of their rounds, in milliseconds. `ratio` is what a hundred times the runs cost: figures of one machine may
be compared, no others.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from datetime import timedelta

# A server and a database of its own: a benchmark must neither see nor touch anybody's runs.
_FOLDER = tempfile.TemporaryDirectory(prefix="apflow-bench-")
os.environ["APFLOW_DATA_DIR"] = _FOLDER.name
os.environ.pop("DATABASE_URL", None)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "apflow_site.settings")

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import reverse  # noqa: E402
from django.utils import timezone  # noqa: E402

from benchmarks.many_records import add_records, remove_records  # noqa: E402
from benchmarks.many_runs import add_runs  # noqa: E402
from orchestration.models import Run, Tree, Worker  # noqa: E402
from orchestration.store.prune import prune_runs  # noqa: E402

#: Fewer runs, to compare with.
_FEW = 1_000
_OLD_WORKERS = 10_000


def places(tree: Tree) -> dict[str, str]:
    """Lists, by what they are called in the table."""
    runs, tasks = (reverse(f"admin:orchestration_{name}_changelist") for name in ("run", "taskrun"))
    return {
        "runs": runs,
        "runs, page 9": f"{runs}?p=9",
        "failed runs": f"{runs}?status__exact=failed",
        "runs of a tree": f"{runs}?tree__id__exact={tree.pk}",
        "runs, a word searched": f"{runs}?q=nightly",
        "task runs": tasks,
        "executors": reverse("admin:orchestration_executorconfig_changelist"),
        "one executor": reverse("admin:executor", args=["echo"]),
        "schedules": reverse("schedules"),
        "fires of schedules": reverse("admin:orchestration_schedulefire_changelist"),
        "failed deliveries": reverse("admin:orchestration_webhookdelivery_changelist") + "?status__exact=failed",
        "audit trail": reverse("admin:orchestration_auditentry_changelist"),
        "one run": reverse("admin:orchestration_run_change", args=[Run.objects.order_by("-queued_at")[0].pk]),
    }


def best(client: Client, url: str, rounds: int) -> float:
    """Open a page and return the best time, in milliseconds."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        answer = client.get(url)
        times.append((time.perf_counter() - began) * 1000)
        assert answer.status_code == 200, answer
    return min(times)


def prune_seconds() -> float:
    """Return how long pruning takes with many old workers beside all those task runs."""
    at = timezone.now() - timedelta(days=90)
    times = {"started_at": at, "heartbeat_at": at, "lease_expires_at": at, "stopped_at": at}
    rows = (Worker(name=f"old {n}", host="h", pid=n, version="0", slots=1, **times) for n in range(_OLD_WORKERS))
    Worker.objects.bulk_create(rows)
    began = time.perf_counter()
    list(prune_runs(timedelta(days=80)))
    assert not Worker.objects.exists()
    return time.perf_counter() - began


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--runs", type=int, default=100_000)
    options = parser.parse_args()
    call_command("migrate", verbosity=0)
    settings.ALLOWED_HOSTS = ["*"]
    client = Client()
    user = User.objects.create_superuser("bench")
    client.force_login(user)
    tree = Tree.objects.create(name="Nightly")
    found: list[dict[str, float]] = []
    for count in (_FEW, options.runs):
        remove_records()
        add_runs(count, tree.pk)
        add_records(user, tree)
        found.append({name: best(client, url, options.rounds) for name, url in places(tree).items()})
    print(f"{'':24}{_FEW:>10,}{options.runs:>12,}{'ratio':>8}")
    for name, few in found[0].items():
        many = found[1][name]
        print(f"{name:24}{few:>10.1f}{many:>12.1f}{many / few:>8.2f}")
    print(f"{_OLD_WORKERS:,} old workers beside {options.runs:,} runs: pruned in {prune_seconds():.2f} s")


if __name__ == "__main__":
    main()
