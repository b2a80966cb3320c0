"""`apflow runs`, `status`, `logs`."""

from __future__ import annotations

import itertools
from argparse import Namespace

from apflow.cli.away import AwayNotice
from apflow.cli.exit_codes import EXIT_DONE
from apflow.cli.lines import log_line
from apflow.cli.parsers import Commands, positive_int
from apflow.cli.screen import Screen
from apflow.cli.wording import counted, first_line, local_time, printable, took
from apflow.client import Client, ClientError
from apflow.client.documents import ENDED, Run, TaskRun

_STATUSES = ("pending", "in_progress", "completed", "failed", "cancelled")
_LEVELS = ("debug", "info", "warning", "error", "critical")


def add(commands: Commands) -> None:
    """Declare the commands."""
    runs = commands.add("runs", list_runs, "List the runs, newest first.")
    runs.add_argument("--status", action="append", choices=_STATUSES, default=[], help="may be repeated")
    runs.add_argument("--tree", metavar="TREE", help="a tree's id or name")
    runs.add_argument("--limit", metavar="N", type=positive_int, default=20, help="how many; default 20")
    status = commands.add("status", show_run, "Show a run and its tasks.")
    status.add_argument("run", metavar="RUN", help="a run's id, or the first characters of it")
    logs = commands.add("logs", show_logs, "Print what the tasks of a run have logged.")
    logs.add_argument("run", metavar="RUN", help="a run's id, or the first characters of it")
    logs.add_argument("-f", "--follow", action="store_true", help="go on until the run has ended")
    logs.add_argument("--task", metavar="TASK", help="only of this task, by its id or name")
    logs.add_argument("--level", type=str.lower, choices=_LEVELS, help="only from this level up")


def list_runs(client: Client, screen: Screen, arguments: Namespace) -> int:
    """List the runs."""
    tree = client.find_tree(arguments.tree)["id"] if arguments.tree else None
    found = list(itertools.islice(client.runs(status=arguments.status, tree=tree), arguments.limit))
    screen.document(found)
    titles = ("ID", "STATUS", "TREE", "TASKS", "BY", "QUEUED", "TOOK")
    screen.table(titles, [_row_of_run(run) for run in found], flexible=2)
    return EXIT_DONE


def _row_of_run(run: Run) -> tuple[str, ...]:
    ended = sum(run["counts"].get(status, 0) for status in ENDED)
    tasks = f"{ended}/{run['task_count']}"
    times = (local_time(run["queued_at"]), took(run["started_at"], run["finished_at"]))
    return (run["id"][:8], run["status"], run["tree_name"], tasks, run["requested_by"] or run["trigger"], *times)


def show_run(client: Client, screen: Screen, arguments: Namespace) -> int:
    """Show a run."""
    run = client.find_run(arguments.run)
    tasks = list(client.task_runs(run["id"]))
    screen.document({**run, "tasks": tasks})
    _say_head(screen, run)
    names = {task["id"]: task["name"] for task in tasks}
    for cause in run.get("first_causes", ()):
        name = cause.get("name") or names.get(cause["task"], cause["task"])
        screen.say(f"cause:   {printable(name)}: {printable(first_line(cause['error']))}")
    screen.say()
    screen.table(("STATUS", "TASK", "ATTEMPT", "TOOK", "NOTE"), [_row_of_task(task) for task in tasks], flexible=4)
    return EXIT_DONE


def _say_head(screen: Screen, run: Run) -> None:
    screen.say(f"{run['id']}  {printable(run['tree_name'])}, version {run['tree_version']}")
    paused = " (paused)" if run["paused"] else ""
    screen.say(f"status:  {screen.painted(run['status'])}{paused}; {counted(run['counts'])}")
    screen.say(f"queued:  {local_time(run['queued_at'])} by {run['requested_by'] or run['trigger']}")
    if run["started_at"]:
        screen.say(f"took:    {took(run['started_at'], run['finished_at'])}")
    if run["error"]:
        screen.say(f"error:   {printable(first_line(run['error']))}")


def _row_of_task(task: TaskRun) -> tuple[str, ...]:
    note = first_line(task["error"]) or first_line(task["progress_message"])
    attempt = f"{task['attempt']}/{task['max_attempts']}" if task["attempt"] else ""
    return (task["status"], task["name"], attempt, took(task["started_at"], task["finished_at"]), note)


def show_logs(client: Client, screen: Screen, arguments: Namespace) -> int:
    """Print log lines, as they come with `--follow`."""
    run = client.find_run(arguments.run)
    names = {task["id"]: task["name"] for task in client.task_runs(run["id"])}
    task = task_id(names, arguments.task) if arguments.task else None
    away = AwayNotice(screen)
    lines = client.logs(run["id"], follow=arguments.follow, task=task, level=arguments.level, on_away=away)
    if screen.as_json and not arguments.follow:
        screen.document(list(lines))
        return EXIT_DONE
    for line in lines:
        away.over()
        screen.json_line(line)
        screen.say(log_line(line, names))
    return EXIT_DONE


def task_id(names: dict[str, str], text: str) -> str:
    """Return the id of a task that is named by its id or its name. Raises ClientError."""
    if text in names:
        return text
    found = [task for task, name in names.items() if name == text]
    if len(found) != 1:
        raise ClientError(f"{'Several tasks are' if found else 'No task of this run is'} named {text!r}.")
    return found[0]
