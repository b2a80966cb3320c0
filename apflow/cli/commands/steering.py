"""`apflow cancel`, `retry`."""

from __future__ import annotations

from argparse import Namespace

from apflow.cli.commands.viewing import task_id
from apflow.cli.exit_codes import EXIT_DONE
from apflow.cli.parsers import Commands
from apflow.cli.screen import Screen
from apflow.client import Client
from apflow.client.documents import ENDED, Run


def add(commands: Commands) -> None:
    """Declare the commands."""
    cancel = commands.add("cancel", cancel_run, "Cancel a run.")
    cancel.add_argument("run", metavar="RUN", help="a run's id, or the first characters of it")
    cancel.add_argument("--reason", default="", help="why, for those who look at it later")
    retry = commands.add("retry", retry_run, "Run again what failed: a task of a live run, or of one that has ended.")
    retry.add_argument("run", metavar="RUN", help="a run's id, or the first characters of it")
    retry.add_argument("--task", metavar="TASK", help="only this task, by its id or name, and what waits for it")


def cancel_run(client: Client, screen: Screen, arguments: Namespace) -> int:
    """Ask for the run to be cancelled."""
    run = client.find_run(arguments.run)
    screen.document(client.cancel(run["id"], arguments.reason))
    screen.say(f"Asked for run {run['id'][:8]} of {run['tree_name']} to be cancelled.")
    return EXIT_DONE


def retry_run(client: Client, screen: Screen, arguments: Namespace) -> int:
    """Ask for a task of a live run to be run again; of one that has ended, start a new run."""
    run = client.find_run(arguments.run)
    task = _task(client, run, arguments.task) if arguments.task else None
    if task is not None and run["status"] not in ENDED:
        screen.document(client.retry(run["id"], task))
        screen.say(f"Asked for {arguments.task} of run {run['id'][:8]} to be run again.")
        return EXIT_DONE
    again = client.rerun(run["id"], "chosen", chosen=[task]) if task is not None else client.rerun(run["id"])
    screen.document(again)
    screen.say(f"Started run {again['id']}; `apflow status {again['id'][:8]}` shows it.")
    return EXIT_DONE


def _task(client: Client, run: Run, text: str) -> str:
    return task_id({task["id"]: task["name"] for task in client.task_runs(run["id"])}, text)
