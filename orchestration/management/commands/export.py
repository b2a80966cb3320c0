"""`manage.py export`: print a stored tree as its portable document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.db.models import Count

from orchestration.actions.trees import export_tree
from orchestration.management.plain_command import PlainCommand
from orchestration.management.targets import InvalidTargetError, find_tree
from orchestration.models import Tree


class Command(PlainCommand):
    """Export trees."""

    help = "Print a stored tree as a JSON document that `import`, `run` and `validate` read."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("tree", nargs="?", metavar="TREE", help="the id or the name of a tree")
        parser.add_argument("--output", type=Path, metavar="FILE", help="write to a file (default: standard output)")
        parser.add_argument("--list", action="store_true", help="list the stored trees instead")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print, write or list."""
        if options["list"]:
            trees = Tree.objects.current().annotate(size=Count("tasks"))
            for pk, name, size, version in trees.values_list("pk", "name", "size", "version"):
                count = "1 task" if size == 1 else f"{size} tasks"
                self.stdout.write(f"{pk}  {name}  ({count}, version {version})")
            return
        if not options["tree"]:
            raise InvalidTargetError("name a tree, or use --list")
        text = json.dumps(export_tree(find_tree(options["tree"])), indent=2, ensure_ascii=False)
        if options["output"] is None:
            self.stdout.write(text)
        else:
            options["output"].write_text(f"{text}\n", encoding="utf-8")
            self.stderr.write(f"written to {options['output']}")
