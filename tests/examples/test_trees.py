"""The example trees: each is valid, and each does what it says when its tasks run one after the other."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from examples import executors as example_executors
from orchestration import executors as built_in
from orchestration.engine.definition import TaskSpec, TreeSpec
from orchestration.engine.inputs import InputSources, Upstream, resolve_inputs
from orchestration.engine.json_values import encode
from orchestration.engine.outcome import from_returned
from orchestration.engine.registry import default_registry
from orchestration.engine.schemas import check_inputs, check_outputs, schema_problems
from orchestration.engine.status import Status
from orchestration.engine.validation import parse_tree

for _package in (built_in, example_executors):
    for _part in pkgutil.walk_packages(_package.__path__, f"{_package.__name__}."):
        importlib.import_module(_part.name)

EXAMPLES = sorted((Path(__file__).resolve().parents[2] / "examples").glob("*.json"))
OUR_OWN = [spec for spec in default_registry if spec.origin == "example"]


def load(name: str) -> TreeSpec:
    """Read one example."""
    (path,) = [path for path in EXAMPLES if path.stem == name]
    return parse_tree(path.read_bytes(), default_registry)


def defaults(tree: TreeSpec) -> dict[str, Any]:
    """Return the parameters' defaults, as the start of a run fills them in."""
    properties: Any = (tree.parameters or {}).get("properties", {})
    return {name: part["default"] for name, part in properties.items()}


async def run_task(task: TaskSpec, done: dict[str, Upstream], params: dict[str, Any]) -> Upstream:
    """Run one task as the engine does, without the engine."""
    if any(edge.required and done[edge.id].status != "completed" for edge in task.dependencies):
        return Upstream(task.id, task.name, "failed", None, "a dependency failed")
    spec = default_registry.get(task.named_executor or task.name)
    sources = InputSources(task.inputs, [done[edge.id] for edge in task.dependencies], list(done.values()), params)
    inputs = check_inputs(spec.cls.inputs_schema, resolve_inputs(sources, by_id=spec.cls.dependency_inputs == "by_id"))
    returned = spec.new(inputs, {}).execute(inputs)
    if inspect.isawaitable(returned):
        returned = await returned
    outcome = from_returned(returned)
    if outcome.status is Status.COMPLETED:
        check_outputs(spec.cls.outputs_schema, returned["result"])
    return Upstream(task.id, task.name, outcome.status.value, outcome.result_json, outcome.error)


async def run_tree(tree: TreeSpec, **params: Any) -> dict[str, Upstream]:
    """Run the tasks of a tree in an order that its dependencies allow; return them by name."""
    done: dict[str, Upstream] = {}
    while waiting := [task for task in tree.tasks if task.id not in done]:
        ready = [task for task in waiting if all(edge.id in done for edge in task.dependencies)]
        for task in ready:
            done[task.id] = await run_task(task, done, defaults(tree) | params)
    return {upstream.name: upstream for upstream in done.values()}


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory for one test."""
    monkeypatch.setenv("APFLOW_DATA_DIR", str(tmp_path))
    return tmp_path


class _Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status = {"/api/v1/docs": 401, "/": 302, "/admin/": 500}.get(self.path, 200)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(b"<html><title> Sign\n in </title></html>")

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def base_url() -> Iterator[str]:
    """A server that answers as the real one might, with a broken administration."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Pages)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_there_are_examples() -> None:
    assert {path.stem for path in EXAMPLES} == {"access-log-report", "site-check", "system-report"}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_each_example_is_valid_and_laid_out(path: Path) -> None:
    tree = parse_tree(path.read_bytes(), default_registry)
    assert tree.description
    assert "example" in tree.tags
    assert any(task.notes for task in tree.tasks)
    assert schema_problems(tree.parameters, defaults(tree), "parameters") == []
    places = {task.id: task.position or {} for task in tree.tasks}
    assert len({(place["x"], place["y"]) for place in places.values()}) == len(tree.tasks)
    for task in tree.tasks:
        for edge in task.dependencies:
            assert places[edge.id]["y"] < places[task.id]["y"], "a task stands below what it waits for"  # type: ignore[operator]


@pytest.mark.asyncio
async def test_access_log_report(data_dir: Path) -> None:
    done = await run_tree(load("access-log-report"))
    failed = {name for name, upstream in done.items() if upstream.status != "completed"}
    assert failed == {"Name the networks"}
    report = (data_dir / "reports" / "access-log-report.md").read_text()
    assert report.startswith("# One day of the shop\n")
    assert "of 270 visitors" in report
    assert f'"path":"{data_dir}/reports/access-log-report.md"' in (done["Save the report"].result_json or "")
    merged = done["Merge the counts"].result_json or ""
    assert '"lines":60000' in merged


@pytest.mark.asyncio
async def test_access_log_report_with_names(data_dir: Path) -> None:
    (data_dir / "networks.csv").write_text("192.0.2.0/24,Head office\n0.0.0.0/0,Elsewhere\n")
    done = await run_tree(load("access-log-report"), title="Named", output_dir="elsewhere")
    assert {upstream.status for upstream in done.values()} == {"completed"}
    report = (data_dir / "elsewhere" / "access-log-report.md").read_text()
    assert "Head office" in report


@pytest.mark.asyncio
async def test_site_check(data_dir: Path, base_url: str) -> None:
    done = await run_tree(load("site-check"), base_url=base_url)
    failed = {name for name, upstream in done.items() if upstream.status != "completed"}
    assert failed == {"Check the mirror", "Check the administration"}
    report = (data_dir / "reports" / "site-check.md").read_text()
    assert "Aggregated 4 results" in report
    assert "Sign in" in report
    assert "answered 500" in report
    assert "doesn't answer" in report


@pytest.mark.asyncio
async def test_system_report(data_dir: Path) -> None:
    done = await run_tree(load("system-report"))
    assert {upstream.status for upstream in done.values()} == {"completed"}
    report = (data_dir / "reports" / "system-report.md").read_text()
    for heading in ("## Processor", "## Memory (bytes)", "## Disk (bytes)"):
        assert heading in report


@pytest.mark.parametrize("spec", OUR_OWN, ids=lambda spec: spec.id)
def test_demo_results_fit(spec: Any) -> None:
    demo = spec.cls().get_demo_result()
    encode(demo)
    check_outputs(spec.cls.outputs_schema, demo)
    for example in spec.cls.examples:
        check_inputs(spec.cls.inputs_schema, example)
