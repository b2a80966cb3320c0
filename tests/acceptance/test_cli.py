"""Each command of `apflow` once, as a process, against a site with a real web and a real worker process."""

from __future__ import annotations

import json
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from apflow.client import Client, Event, Item
from tests.client.commanding import COMMAND, Desk
from tests.management.test_start import ROOT, Site

_MAKE_TOKEN = """
from django.contrib.auth.models import User
from orchestration.actions.tokens import create_token
print(create_token(User.objects.get(username="admin"), "acceptance", "admin").secret)
"""
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


def _task(name: str, executor: str, *after: str, **inputs: Any) -> dict[str, Any]:
    edges = [{"id": other, "required": True} for other in after]
    return {"id": name, "name": name, "executor": executor, "inputs": inputs, "dependencies": edges}


def _document(name: str, *tasks: dict[str, Any]) -> dict[str, Any]:
    return {"format": "apflow-tree", "version": 1, "tree": {"name": name}, "tasks": list(tasks)}


_CHAIN = [_task(f"s{n}", "sleep", *([f"s{n - 1}"] if n else []), seconds=0.1) for n in range(50)]
TREES = {
    "Quick": _document("Quick", _task("a", "echo", value="{{ params.day }}"), _task("b", "echo", "a", value=1)),
    "Slow": _document("Slow", _task("sleeper", "sleep", seconds=300)),
    "Broken": _document("Broken", _task("fails", "fail", message="No disk"), _task("after", "echo", "fails", value=1)),
    "Talk": _document("Talk", _task("t", "talker")),
    "Chain": _document("Chain", *_CHAIN),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site that runs."""
    site = Site(tmp_path_factory.mktemp("site"))
    site.environment |= {"APFLOW_EXAMPLES": "off", "APFLOW_EXECUTORS": "tests.client.executors"}
    site.start(APFLOW_ADMIN_PASSWORD="correct horse battery")
    yield site
    site.clean_up()


@pytest.fixture(scope="module")
def token(site: Site) -> str:
    """A token of the administrator."""
    shell = [sys.executable, "manage.py", "shell", "--no-imports", "-c", _MAKE_TOKEN]
    return subprocess.run(
        shell, cwd=ROOT, env=site.environment, capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.fixture(scope="module")
def client(site: Site, token: str) -> Iterator[Client]:
    """The administrator's client. The trees of this module are there."""
    with Client(f"http://127.0.0.1:{site.port}", token) as client:
        for document in TREES.values():
            client.import_tree(document)
        yield client


@pytest.fixture
def desk(client: Client, token: str, tmp_path: Path) -> Desk:
    """A desk with the server and the token in its environment."""
    return Desk(tmp_path, {"APFLOW_URL": client.url, "APFLOW_TOKEN": token})


def _ended(client: Client, tree: str, **parameters: Any) -> str:
    """Run a tree to its end; return the run's id."""
    run = client.start(client.find_tree(tree)["id"], parameters)
    list(client.follow(run["id"]))
    return run["id"]


def _started(client: Client, tree: str) -> str:
    """Start a tree; return the run's id once a worker has it."""
    run = client.start(client.find_tree(tree)["id"])
    for item in client.follow(run["id"], 0):
        if isinstance(item, Event) and item.type == "task.started":
            break
    return run["id"]


# --- signing in -------------------------------------------------------------------------------------------------------


def test_login_me_and_logout(client: Client, token: str, tmp_path: Path) -> None:
    desk = Desk(tmp_path, {})
    assert desk.run("me").returncode == 2

    signed_in = desk.run("login", client.url, stdin=f"{token}\n")
    assert (signed_in.returncode, signed_in.stderr) == (0, "")
    assert f"Signed in to {client.url} as admin." in signed_in.stdout
    assert stat.S_IMODE(desk.account_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(desk.account_file.parent.stat().st_mode) == 0o700

    me = desk.run("me", "--json")
    assert json.loads(me.stdout)["token"] == {"name": "acceptance", "scope": "admin"}
    assert "admin at http://127.0.0.1" in desk.run("me").stdout
    assert token not in signed_in.stdout + me.stdout

    assert desk.run("logout").returncode == 0
    assert not desk.account_file.exists()
    assert desk.run("me").stderr.startswith("apflow: You are not signed in.")


def test_a_wrong_token_is_refused_and_not_stored(client: Client, tmp_path: Path) -> None:
    desk = Desk(tmp_path, {})
    done = desk.run("login", client.url, "--token", "apf_wrong")
    assert (done.returncode, done.stdout) == (2, "")
    assert "The token is not valid" in done.stderr
    assert not desk.account_file.exists()


def test_no_server_is_one_sentence(tmp_path: Path) -> None:
    done = Desk(tmp_path, {"APFLOW_URL": "http://127.0.0.1:1", "APFLOW_TOKEN": "t"}).run("trees")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("apflow: No server answers at http://127.0.0.1:1")


def test_the_module_is_the_command(desk: Desk) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "apflow", "me"], cwd=ROOT, env=desk.environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_tokens_are_made_listed_and_revoked(client: Client, desk: Desk) -> None:
    made = desk.run("token", "create", "ci", "--scope", "run", "--days", "7")
    assert made.returncode == 0
    secret = made.stdout.strip()
    with Client(client.url, secret) as other:
        assert other.me()["token"] == {"name": "ci", "scope": "run"}
    assert "not shown again" in made.stderr

    listed = desk.run("token", "list")
    assert "ci" in listed.stdout and secret not in listed.stdout
    assert desk.run("token", "revoke", "ci").returncode == 0
    revoked = Desk(desk.folder, {"APFLOW_URL": client.url, "APFLOW_TOKEN": secret}).run("me")
    assert (revoked.returncode, revoked.stdout) == (2, "")
    assert desk.run("token", "revoke", "ci").stderr.startswith("apflow: You have no token 'ci'")


# --- trees ------------------------------------------------------------------------------------------------------------


def test_trees_are_listed(desk: Desk) -> None:
    table = desk.run("trees")
    assert table.stdout.splitlines()[0].split() == ["ID", "NAME", "VERSION", "TASKS", "OWNER", "LAST", "RUN", "AT"]
    assert {tree["name"] for tree in json.loads(desk.run("trees", "--json").stdout)} >= set(TREES)


def test_export_and_import_bring_the_same_tree(client: Client, desk: Desk) -> None:
    assert desk.run("export", "Quick", "-o", "quick.json").returncode == 0
    exported = json.loads((desk.folder / "quick.json").read_text())
    assert json.loads(desk.run("export", "Quick").stdout) == exported

    imported = desk.run("import", "quick.json", "--name", "Quick two", "--json")
    assert imported.returncode == 0, imported.stderr
    tree = client.tree(json.loads(imported.stdout)["id"])
    assert tree["name"] == "Quick two"
    assert tree["definition"]["tasks"] == exported["tasks"]


def test_a_plain_array_is_named_after_its_file(client: Client, desk: Desk) -> None:
    (desk.folder / "nightly.json").write_text('[{"name": "echo", "inputs": {"value": 1}}]')
    imported = desk.run("import", "nightly.json")
    assert imported.returncode == 0, imported.stderr
    assert client.find_tree("nightly")["task_count"] == 1


def test_an_invalid_document_lists_its_problems(desk: Desk) -> None:
    broken = _document("Bad", {"id": "a", "name": "a", "executor": "ghost"}, {"id": "b", "name": "b", "priority": 9})
    done = desk.run("import", "-", stdin=json.dumps(broken))
    assert (done.returncode, done.stdout) == (2, "")
    assert "$.tasks[0]" in done.stderr and "$.tasks[1].priority" in done.stderr
    assert desk.run("import", "-", stdin="{").returncode == 2


# --- runs -------------------------------------------------------------------------------------------------------------


def test_a_run_is_followed_to_its_end(desk: Desk) -> None:
    done = desk.run("run", "Quick", "--param", "day=2026-03-01", "--param", "n=[1, 2]", "--priority", "0", "--follow")
    assert (done.returncode, done.stderr) == (0, "")
    words = [line.split()[1:3] for line in done.stdout.splitlines()]
    assert words[0] == ["created", "run"] and words[-1] == ["completed", "run"]
    assert ["started", "a"] in words and ["completed", "b"] in words


def test_json_lines_of_a_run_are_its_events(client: Client, desk: Desk) -> None:
    done = desk.run("run", "Broken", "--follow", "--json")
    assert (done.returncode, done.stderr) == (1, "")
    first, *events, last = map(json.loads, done.stdout.splitlines())
    assert first["run"]["tree_name"] == "Broken"
    assert [event["seq"] for event in events] == list(range(1, last["seq"] + 1))
    assert last == {"type": "end", "status": "failed", "seq": client.run(first["run"]["id"])["last_seq"]}


def test_without_follow_the_id_is_printed_and_a_key_is_one_run(desk: Desk) -> None:
    first, second = (desk.run("run", "Quick", "--param", "day=1", "--key", "once") for _ in range(2))
    assert ID.fullmatch(first.stdout.strip())
    assert first.stdout == second.stdout


def test_runs_and_status_by_the_beginning_of_an_id(client: Client, desk: Desk) -> None:
    run = _ended(client, "Broken")
    listed = json.loads(desk.run("runs", "--status", "failed", "--tree", "Broken", "--limit", "1", "--json").stdout)
    assert [row["id"] for row in listed] == [run]
    assert run[:8] in desk.run("runs").stdout

    shown = desk.run("status", run[:8])
    assert shown.returncode == 0
    assert "cause:   fails: No disk" in shown.stdout
    assert [task["status"] for task in json.loads(desk.run("status", run, "--json").stdout)["tasks"]] == ["failed"] * 2


def test_what_is_not_there_is_told(desk: Desk) -> None:
    for arguments in (("status", "00000000"), ("run", "Nothing"), ("logs", "00000000-0000-4000-8000-000000000000")):
        done = desk.run(*arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("apflow: There is no ")


def test_logs_are_printed(client: Client, desk: Desk) -> None:
    run = _ended(client, "Talk")
    printed = desk.run("logs", run[:8]).stdout.splitlines()
    assert [line.split("  ", 1)[1].strip() for line in printed] == [
        *("INFO       t: before the gate", "WARNING    t: behind the gate", "in two lines"),
    ]
    warnings = json.loads(desk.run("logs", run, "--task", "t", "--level", "warning", "--json").stdout)
    assert [line["message"] for line in warnings] == ["behind the gate\nin two lines"]
    assert desk.run("logs", run, "--task", "zzz").returncode == 2


def test_logs_are_followed_until_the_run_has_ended(client: Client, desk: Desk) -> None:
    gate = desk.folder / "gate"
    tree = client.import_tree(_document("Gated", _task("t", "talker", gate=str(gate))))
    begun = desk.begin("logs", client.start(tree["id"])["id"], "-f")
    begun.wait_for(lambda: "t: before the gate" in begun.out)
    assert "behind" not in begun.out
    gate.touch()
    assert (begun.end(), begun.err) == (0, "")
    assert begun.out.count("t: behind the gate") == 1


def test_a_followed_run_has_its_log_lines_among_the_events(desk: Desk) -> None:
    done = desk.run("run", "Talk", "--follow")
    assert done.returncode == 0
    assert done.stdout.count("t: before the gate") == done.stdout.count("t: behind the gate") == 1


def test_cancel_ends_a_run(client: Client, desk: Desk) -> None:
    run = _started(client, "Slow")
    done = desk.run("cancel", run[:8], "--reason", "Not today")
    assert done.returncode == 0, done.stderr
    list(client.follow(run))
    ended = client.run(run)
    assert (ended["status"], ended["cancel_reason"]) == ("cancelled", "Not today")
    again = desk.run("cancel", run)
    assert again.returncode == 2
    assert "The run has ended" in again.stderr


def test_retry_runs_again_what_failed(client: Client, desk: Desk) -> None:
    run = _ended(client, "Broken")
    again = json.loads(desk.run("retry", run[:8], "--json").stdout)
    assert again["parent_run_id"] == run
    chosen = json.loads(desk.run("retry", run, "--task", "fails", "--json").stdout)
    assert chosen["parent_run_id"] == run
    for each in (again["id"], chosen["id"]):
        list(client.follow(each))


# --- interruptions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_cancels_the_run(client: Client, desk: Desk, number: signal.Signals) -> None:
    begun = desk.begin("run", "Slow", "--follow")
    begun.wait_for(lambda: re.search(r"started +sleeper", begun.out) is not None)
    begun.process.send_signal(number)
    assert begun.end() == 130
    assert begun.err == "apflow: Cancelling the run (Ctrl-C again to stop watching) …\n"
    assert re.search(r"cancelled +run Slow", begun.out)
    assert next(client.runs(tree=client.find_tree("Slow")["id"]))["status"] == "cancelled"


def test_a_web_process_that_is_killed_costs_no_event(site: Site, client: Client, desk: Desk) -> None:
    begun = desk.begin("run", "Chain", "--follow", "--json")
    begun.wait_for(lambda: '"task": "s1"' in begun.out)
    _web_process(site).kill()
    assert begun.end() == 0, begun.err
    assert "Waiting for it" in begun.err
    first, *events, last = map(json.loads, begun.out.splitlines())
    stored = [item for item in client.follow(first["run"]["id"], 0) if isinstance(item, Event)]
    assert events == [_plain(item) for item in stored]
    assert last["type"] == "end"


def test_a_reader_that_has_enough_is_no_error(client: Client, desk: Desk) -> None:
    begun = subprocess.Popen(
        [*COMMAND, "status", _ended(client, "Chain")],
        cwd=desk.folder,
        env=desk.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert begun.stdout is not None
    begun.stdout.close()
    _, complaints = begun.communicate(timeout=60)
    assert (begun.returncode, complaints) == (141, "")


def _web_process(site: Site) -> psutil.Process:
    (found,) = [process for process in site.processes() if "daphne" in process.cmdline()]
    return found


def _plain(item: Item) -> dict[str, Any]:
    assert isinstance(item, Event)
    return {"seq": item.seq, "type": item.type, "task": item.task, "data": item.data, "at": item.at}
