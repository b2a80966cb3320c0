"""`run`, `validate`, `import`, `export`, `executors`, `prune`: what they print, and their exit codes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from orchestration import discovery
from orchestration.engine.status import Status
from orchestration.management.arguments import age, parameter, positive_int, seconds
from orchestration.management.examples import load_examples
from orchestration.management.following import Follower
from orchestration.models import Run, TaskRun, Tree

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
ROOT = Path(__file__).resolve().parents[2]
Write = Callable[[Any], str]


def call(name: str, *arguments: str) -> tuple[int, str]:
    """Run a command and return its exit code and what it printed."""
    out = StringIO()
    try:
        call_command(name, *arguments, stdout=out, stderr=out)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    except CommandError as error:
        return error.returncode, f"{out.getvalue()}{error}"
    return 0, out.getvalue()


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a document to a file and returns its path."""

    def write_file(document: Any) -> str:
        file = tmp_path / "tree.json"
        file.write_text(document if isinstance(document, str) else json.dumps(document))
        return str(file)

    return write_file


def test_run_prints_transitions_and_ends_with_0(write: Write) -> None:
    tree = [{"name": "a", "executor": "echo"}, {"name": "b", "executor": "fail", "inputs": {"message": "oh"}}]
    tree.append({"name": "c", "executor": "echo", "dependencies": [{"id": "b", "required": False}]})
    code, said = call("run", write(tree))
    assert code == 0, said
    words = [line.split()[1:3] for line in said.splitlines()]
    for pair in (["created", "run"], ["started", "a"], ["completed", "a"], ["failed", "b"], ["completed", "c"]):
        assert pair in words
    assert "oh" in said
    assert Run.objects.get().status == "completed"


def test_run_ends_with_1_when_the_run_failed_and_2_when_it_is_invalid(write: Write) -> None:
    assert call("run", write([{"name": "b", "executor": "fail"}]))[0] == 1
    code, said = call("run", write([{"name": "a", "executor": "nobody"}, {"name": "b", "priority": 7}]))
    assert code == 2
    assert "$[1].priority" in said or "$.tasks[0].executor" in said
    assert call("run", "no such tree")[0] == 2
    assert Run.objects.count() == 1


def test_run_reads_parameters_as_json_or_text_and_prints_json_lines(write: Write) -> None:
    document = {
        "format": "apflow-tree",
        "version": 1,
        "tree": {"name": "t", "parameters": {"properties": {"n": {"type": "integer"}, "d": {"default": "day"}}}},
        "tasks": [{"name": "a", "executor": "echo", "inputs": {"v": "{{ [params.n, params.s, params.d] }}"}}],
    }
    code, said = call("run", write(document), "--param", "n=3", "--param", "s=x=y", "--json")
    assert code == 0, said
    events = [json.loads(line) for line in said.splitlines()]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events[-1]["type"] == "run.completed"
    result: Any = TaskRun.objects.get().result
    assert result["result"] == {"v": [3, "x=y", "day"]}
    code, said = call("run", write(document), "--param", "n=three")
    assert (code, "$.parameters.n" in said) == (2, True)


def test_validate_lists_every_problem_with_its_path(write: Write) -> None:
    bad = [
        {"id": "a", "name": "", "executor": "echo", "priority": 4},
        {"id": "a", "name": "x" * 300, "executor": "nobody", "dependencies": ["ghost"], "colour": 1},
        {"id": "r", "name": "r", "executor": "rest_executor", "inputs": {}},
    ]
    code, said = call("validate", write(bad))
    assert code == 2
    for part in ("$[0].name", "$[0].priority", "$[1].name", "$[1].colour", "ghost", "nobody", "url", "'a' is the id"):
        assert part in said, part
    assert call("validate", write([{"name": "a", "executor": "echo"}]))[0] == 0


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ('{"a": NaN}', "NaN"),
        ('[{"name": "a\\u0000"}]', "NUL"),
        ('[{"name": "\\ud800"}]', "surrogate"),
        ("[" * 10_000 + "]" * 10_000, "nested"),
        ("not json", "line 1"),
        ('{"a": 1, "a": 2}', "twice"),
        ("[]", "at least one"),
        ("3", "must be an object"),
        ('"' + "x" * 20_000_000 + '"', "over the limit"),
        ('{"format": "apflow-tree", "version": 2, "tasks": []}', "version"),
    ],
)
def test_hostile_files_are_refused_in_words(write: Write, text: str, part: str) -> None:
    for command in ("validate", "import", "run"):
        code, said = call(command, write(text))
        assert (code, part in said) == (2, True), said[:300]
    assert not Tree.objects.exists() and not Run.objects.exists()


def test_import_and_export_are_each_others_reverse(write: Write, tmp_path: Path) -> None:
    call("import", str(ROOT / "examples" / "access-log-report.json"))
    tree = Tree.objects.get()
    code, said = call("export", str(tree.pk))
    assert code == 0
    again = tmp_path / "again.json"
    assert call("export", tree.name, "--output", str(again))[0] == 0
    assert json.loads(again.read_text()) == json.loads(said)
    call("import", str(again))
    assert str(tree.pk) in call("export", "--list")[1]
    code, said = call("export", tree.name)
    assert (code, "several trees" in said) == (2, True)
    copy = Tree.objects.exclude(pk=tree.pk).get()
    assert call("export", str(copy.pk))[1] == again.read_text()


def test_import_stores_nothing_when_one_file_is_bad(write: Write) -> None:
    good = str(ROOT / "examples" / "system-report.json")
    assert call("import", good, write([{"name": "a"}]))[0] == 2
    assert not Tree.objects.exists()


def test_executors_lists_them_and_what_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    failure = discovery.ImportFailure("my_broken_module", "ImportError: no such thing", "")
    monkeypatch.setattr(discovery, "failures", [failure])
    said = call("executors")[1]
    assert "rest_executor" in said and "my_broken_module" in said and "no such thing" in said
    listed = json.loads(call("executors", "--json")[1])
    assert listed["broken"] == [{"module": "my_broken_module", "error": "ImportError: no such thing"}]
    assert all(entry["inputs_schema"] for entry in listed["executors"] if entry["id"] == "rest_executor")


def test_prune_says_what_it_would_do_and_does_it(write: Write) -> None:
    call("run", write([{"name": "a", "executor": "echo"}]))
    assert "1 runs would" in call("prune", "--older-than", "0s", "--dry-run")[1]
    assert Run.objects.exists()
    assert "1 runs deleted" in call("prune", "--older-than", "0s")[1]
    assert not Run.objects.exists()


def test_the_examples_are_loaded_once() -> None:
    assert load_examples() == 3
    assert load_examples() == 0
    assert Tree.objects.count() == 3


@pytest.mark.parametrize(
    ("read", "good", "bad"),
    [
        (positive_int, ("1", "40"), ("0", "-1", "x", "1.5", "")),
        (seconds, ("0", "1.5"), ("-1", "nan", "inf", "x")),
        (age, ("30d", "12h", "45m", "10s"), ("30", "d", "-1d", "1w")),
        (parameter, ("a=1", "a=", "a=b=c"), ("a", "=1")),
    ],
)
def test_arguments_say_what_they_accept(read: Callable[[str], Any], good: tuple[str], bad: tuple[str]) -> None:
    for text in good:
        read(text)
    for text in bad:
        with pytest.raises(Exception, match="is not"):
            read(text)


def test_a_database_that_is_away_for_a_moment_does_not_end_the_watching(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    real = Follower._look

    def look(self: Follower) -> Status:
        looks.append(1)
        if len(looks) == 2:
            raise OperationalError("gone")
        return real(self)

    monkeypatch.setattr(Follower, "_look", look)
    monkeypatch.setattr("orchestration.management.following._AWAY_SECONDS", 0)
    code, said = call("run", write([{"name": "a", "executor": "sleep", "inputs": {"seconds": 0.3}}]))
    assert code == 0
    assert said.count("does not answer") == 1


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("postgresql://nobody@127.0.0.1:9/none", "The database does not answer"),
        ("", "The database has no tables yet"),
    ],
)
def test_a_database_that_is_away_or_empty_is_one_sentence(tmp_path: Path, url: str, part: str) -> None:
    command = [sys.executable, "manage.py", "export", "--list"]
    environment = {**os.environ, "APFLOW_DATA_DIR": str(tmp_path / "data"), "DATABASE_URL": url}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    link = tmp_path / "data" / "postgres"
    if link.is_symlink():  # run as root: the cluster is elsewhere
        shutil.rmtree(link.resolve(), ignore_errors=True)
    assert done.returncode == 1
    assert part in done.stderr and "Traceback" not in done.stderr, done.stderr


def test_the_list_of_trees_counts_their_tasks(write: Write) -> None:
    for count in (1, 2):
        call("import", write([{"name": f"t{n}", "executor": "echo"} for n in range(count)]))
    said = call("export", "--list")[1]
    assert "(1 task, version 1)" in said and "(2 tasks, version 1)" in said


@pytest.mark.parametrize("more", [[], ["--traceback"]])
def test_a_typed_command_says_what_is_wrong_and_no_more(more: list[str]) -> None:
    command = [sys.executable, "manage.py", "validate", "missing.json", *more]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    sentence = "missing.json can't be read: No such file or directory\n"
    assert (done.returncode, done.stderr) == (2, sentence) if not more else "Traceback" in done.stderr
