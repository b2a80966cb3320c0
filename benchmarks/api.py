"""How long the HTTP API takes over a tree of 1,000 tasks: read, save, one edit, a list.

Run `python -m benchmarks.api [--rounds N] [--tasks N]`. Requests go through the whole site, in this process; figures
are the best of their rounds, in milliseconds; `cpu` is what this process computed in that time. `bare` is the work that
can't be avoided (read the rows, check the document), and `ratio` how much dearer the request is: figures of one machine
may be compared, no others.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from typing import Any

# A server and a database of its own: a benchmark must neither see nor touch anybody's trees.
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

import orchestration.executors.echo  # noqa: E402, F401 - registers it
from orchestration.actions.trees import tree_spec  # noqa: E402
from orchestration.engine.registry import default_registry  # noqa: E402
from orchestration.engine.validation import parse_tree  # noqa: E402
from orchestration.models import Tree  # noqa: E402


def document(count: int) -> dict[str, Any]:
    """Return a tree of `count` tasks in layers of 20, each of which waits for two of the layer before."""
    tasks: list[dict[str, Any]] = [
        {
            "id": f"t{n}",
            "name": f"Task {n}",
            "executor": "echo",
            "inputs": {"n": n, "text": "x" * 40, "before": f"{{{{ tasks.t{n - 20}.result }}}}" if n >= 20 else None},
            "dependencies": [{"id": f"t{m}", "required": True} for m in (n - 20, n - 20 - n % 7) if m >= 0],
            "position": {"x": n % 20 * 200, "y": n // 20 * 100},
        }
        for n in range(count)
    ]
    for task in tasks:
        edges = task["dependencies"]
        task["dependencies"] = [edge for index, edge in enumerate(edges) if edge not in edges[:index]]
    return {"format": "apflow-tree", "version": 1, "tree": {"name": "Large"}, "tasks": tasks}


def measure(act: Callable[[], Any], rounds: int) -> tuple[float, float]:
    """Return the shortest time of an act and of its computing, in milliseconds; one round more does not count."""
    act()
    walls, cpus = [], []
    for _ in range(rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        act()
        walls.append((time.perf_counter() - wall) * 1000)
        cpus.append((time.process_time() - cpu) * 1000)
    return min(walls), min(cpus)


class Bench:
    """A signed-in browser and a stored tree."""

    def __init__(self, tasks: int) -> None:
        self.client = Client()
        self.client.force_login(User.objects.create(username="bench", is_superuser=True))
        self.document = document(tasks)
        self.address = f"/api/v1/trees/{self.send('POST', '/api/v1/trees', self.document)['id']}"
        self.round = 0

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request, and return what its answer holds."""
        data = b"" if body is None else json.dumps(body).encode()
        response = self.client.generic(method, path, data, "application/json", headers={"If-Match": "*"})
        if response.status_code >= 300:
            raise RuntimeError(f"{method} {path}: {response.status_code} {response.content[:500]!r}")
        return json.loads(response.content)

    def save(self, change: Callable[[dict[str, Any], int], None], every: int) -> None:
        """Save the definition after each `every`-th task was changed."""
        self.round += 1
        for task in self.document["tasks"][::every]:
            change(task, self.round)
        self.send("PUT", self.address, {"definition": self.document})

    def acts(self) -> dict[str, Callable[[], Any]]:
        """Return what is measured, by name; the first one is the bare work."""
        tree = Tree.objects.get()
        raw = json.dumps(self.document).encode()

        def rename(task: dict[str, Any], number: int) -> None:
            task["name"] = f"{task['id']} {number}"

        def move(task: dict[str, Any], number: int) -> None:
            task["position"] = {"x": number, "y": number}

        return {
            "bare": lambda: (tree_spec(tree).as_json(), parse_tree(raw, default_registry)),
            "read the tree": lambda: self.send("GET", self.address),
            "save it as it is": lambda: self.send("PUT", self.address, {"definition": self.document}),
            "save, one task renamed": lambda: self.save(rename, 10**9),
            "save, all tasks moved": lambda: self.save(move, 1),
            "edit one task": lambda: self.send("PATCH", f"{self.address}/tasks/t5", {"notes": "n"}),
            "list 200 tasks": lambda: self.send("GET", f"{self.address}/tasks?limit=200"),
        }


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--tasks", type=int, default=1000)
    options = parser.parse_args()
    settings.ALLOWED_HOSTS = ["testserver"]
    call_command("migrate", verbosity=0)
    figures = {name: measure(act, options.rounds) for name, act in Bench(options.tasks).acts().items()}
    bare = figures["bare"][0]
    print(f"{'':26}{'ms':>8}{'cpu':>8}{'ratio':>8}")
    for name, (wall, cpu) in figures.items():
        print(f"{name:26}{wall:8.0f}{cpu:8.0f}{wall / bare:8.1f}")


if __name__ == "__main__":
    main()
