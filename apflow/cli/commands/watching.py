"""`apflow run`."""

from __future__ import annotations

from argparse import Namespace

from apflow.cli.exit_codes import EXIT_DONE
from apflow.cli.parsers import Commands, parameter
from apflow.cli.screen import Screen
from apflow.cli.watch import Watch
from apflow.client import Client


def add(commands: Commands) -> None:
    """Declare the command."""
    run = commands.add("run", start_run, "Start a tree; with --follow, watch it to its end.")
    run.add_argument("tree", metavar="TREE", help="a tree's id or name")
    run.add_argument(
        "--param",
        action="append",
        default=[],
        type=parameter,
        metavar="NAME=VALUE",
        help="a parameter of the run; the value is read as JSON where it is JSON, else as text; may be repeated",
    )
    run.add_argument("--priority", type=int, choices=range(4), help="0 goes first, 3 last; default 2")
    run.add_argument("--follow", action="store_true", help="print what happens until it ends; Ctrl-C cancels the run")
    run.add_argument("--key", metavar="KEY", help="the same key is the same run, however often it is started")


def start_run(client: Client, screen: Screen, arguments: Namespace) -> int:
    """Start a run, and watch it when that is asked for."""
    tree = client.find_tree(arguments.tree)
    run = client.start(tree["id"], dict(arguments.param), priority=arguments.priority, idempotency_key=arguments.key)
    if arguments.follow:
        screen.json_line({"type": "run", "run": run})
        return Watch(client, run, screen).until_end()
    screen.document(run)
    screen.say(run["id"])
    return EXIT_DONE
