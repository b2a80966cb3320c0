"""`manage.py run`: run a tree from a file or a stored one, and watch it."""

from __future__ import annotations

import json
import logging
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from orchestration.actions.made_executors import refresh_executors
from orchestration.actions.runs import RunRequest, start_spec
from orchestration.actions.sdk.local_engine import local_engine
from orchestration.actions.trees import consistent_spec
from orchestration.engine.definition import TreeSpec
from orchestration.engine.errors import InvalidDefinitionError
from orchestration.management.arguments import parameter
from orchestration.management.following import Follower
from orchestration.management.plain_command import PlainCommand
from orchestration.management.targets import InvalidTargetError, find_tree, parse_file, problem_list
from orchestration.models import Run, Tree, Worker


class Command(PlainCommand):
    """Run a tree."""

    help = (
        "Run a tree and print one line per transition. A live worker runs it; when there is none, this process does. "
        "Exit code: 0 completed, 1 failed, 2 invalid, 130 cancelled (Ctrl-C cancels the run)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("tree", metavar="FILE|TREE", help="a JSON file, or the id or name of a stored tree")
        parser.add_argument(
            "--param",
            action="append",
            default=[],
            type=parameter,
            metavar="NAME=VALUE",
            help="a parameter of the run; the value is read as JSON where it is JSON, else as text; may be repeated",
        )
        parser.add_argument("--json", action="store_true", help="print events as JSON lines")
        parser.add_argument("--follow", action="store_true", help="print log lines and progress too")

    def handle(self, *args: Any, **options: Any) -> None:
        """Start, follow, and end with the run's exit code."""
        refresh_executors(at_once=True)
        spec, tree = self._target(options["tree"])
        _quieten_console()
        parameters = {name: _value(text) for name, text in options["param"]}
        with ExitStack() as stack:
            engine = None if Worker.objects.accepting().exists() else stack.enter_context(local_engine())
            request = RunRequest(parameters=parameters, owner=engine.worker_id if engine else None)
            try:
                run = start_spec(spec, request, tree)
            except InvalidDefinitionError as error:
                raise InvalidTargetError(problem_list(options["tree"], error.problems)) from error
            if engine is not None:
                engine.adopt(str(run.pk))
            code = self._follow(run, options, engine.poke if engine else lambda: None)
        if code:
            sys.exit(code)

    def _follow(self, run: Run, options: dict[str, Any], poke: Any) -> int:
        return Follower(
            run,
            say=self.stdout.write,
            warn=lambda text: self.stderr.write(self.style.WARNING(text)),
            as_json=options["json"],
            verbose=options["follow"],
            poke=poke,
        ).follow()

    @staticmethod
    def _target(text: str) -> tuple[TreeSpec, Tree | None]:
        path = Path(text)
        if path.is_file() or path.suffix == ".json":
            return parse_file(path), None
        tree = find_tree(text)
        return consistent_spec(tree), tree


def _quieten_console() -> None:
    """The transitions are printed anyway; on the console, log records below WARNING would only say them twice."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setLevel(logging.WARNING)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
