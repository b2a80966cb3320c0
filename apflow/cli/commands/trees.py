"""`apflow trees`, `export`, `import`."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from apflow.cli.exit_codes import EXIT_DONE
from apflow.cli.parsers import Commands
from apflow.cli.screen import Screen
from apflow.cli.wording import local_time
from apflow.client import Client, ClientError

_TITLES = ("ID", "NAME", "VERSION", "TASKS", "OWNER", "LAST RUN", "AT")


class FileError(ClientError):
    """A file can't be read or written, or holds something else than it should."""


def add(commands: Commands) -> None:
    """Declare the commands."""
    trees = commands.add("trees", list_trees, "List the trees.")
    trees.add_argument("--query", metavar="TEXT", help="only those with this text in their name")
    trees.add_argument("--tag", metavar="TAG", help="only those with this tag")
    export = commands.add("export", export_tree, "Print a tree's document.")
    export.add_argument("tree", metavar="TREE", help="a tree's id or name")
    export.add_argument("-o", "--output", metavar="FILE", type=Path, help="write it there instead")
    importing = commands.add("import", import_tree, "Store a document as a new tree.")
    importing.add_argument("file", metavar="FILE", help="a document, or a plain array of tasks; - is standard input")
    importing.add_argument("--name", help="a name other than that in the document")


def list_trees(client: Client, screen: Screen, arguments: Namespace) -> int:
    """List the trees."""
    found = list(client.trees(q=arguments.query, tag=arguments.tag))
    screen.document(found)
    rows = []
    for tree in found:
        last = tree["last_run"]
        run = (last["status"], local_time(last["queued_at"])) if last else ("", "")
        size = (str(tree["version"]), str(tree["task_count"]))
        rows.append((tree["id"][:8], tree["name"], *size, tree["owner"] or "", *run))
    screen.table(_TITLES, rows, flexible=1)
    return EXIT_DONE


def export_tree(client: Client, screen: Screen, arguments: Namespace) -> int:
    """Print or write the document."""
    tree = client.find_tree(arguments.tree)
    text = json.dumps(client.export_tree(tree["id"]), indent=2, ensure_ascii=False) + "\n"
    path: Path | None = arguments.output
    if path is None or str(path) == "-":
        screen.out.write(text)
        return EXIT_DONE
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FileError(f"{path} can't be written: {error.strerror}.") from error
    screen.document({"tree": tree["id"], "file": str(path)})
    screen.say(f"Wrote {tree['name']}, version {tree['version']}, to {path}.")
    return EXIT_DONE


def import_tree(client: Client, screen: Screen, arguments: Namespace) -> int:
    """Store the document."""
    document = _named(client, _read_document(arguments.file), arguments)
    tree = client.import_tree(document)
    screen.document(tree)
    screen.say(f"Stored {tree['name']}, {tree['task_count']} tasks: {client.url}/trees/{tree['id']}/")
    return EXIT_DONE


def _read_document(file: str) -> Any:
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return json.loads(raw)
    except OSError as error:
        raise FileError(f"{file} can't be read: {error.strerror}.") from error
    except ValueError as error:
        raise FileError(f"{file} is not JSON: {error}.") from error


def _named(client: Client, document: Any, arguments: Namespace) -> Any:
    """Give the document the name that is asked for; a plain array has none of its own, so it gets that of its file."""
    name = arguments.name
    if isinstance(document, list):
        name = name or (Path(arguments.file).stem if arguments.file != "-" else "Imported tree")
        # As the server would store it; what can't be stored is refused when it is imported.
        document = client.validate_tree(document)["definition"] or document
    if name is None or not isinstance(document, dict):
        return document
    head = document.get("tree")
    return {**document, "tree": {**(head if isinstance(head, dict) else {}), "name": name}}
