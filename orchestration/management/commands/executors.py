"""`manage.py executors`: list what tasks can run."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandParser

from orchestration import discovery
from orchestration.actions.made_executors import refresh_executors
from orchestration.engine.registry import ExecutorSpec, default_registry
from orchestration.management.plain_command import PlainCommand


class Command(PlainCommand):
    """List executors."""

    help = "List the registered executors, and the modules that should have brought some and can't be imported."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--json", action="store_true", help="print everything, schemas too, as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the list."""
        refresh_executors(at_once=True)
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(), indent=2, ensure_ascii=False))
            return
        for spec in default_registry:
            first_line = spec.description.strip().splitlines()[0] if spec.description.strip() else ""
            self.stdout.write(f"{spec.id:<32} {spec.origin:<9} {first_line}")
        for failure in discovery.failures:
            self.stdout.write(self.style.ERROR(f"{failure.module:<32} broken    {failure.error}"))


def _as_json() -> dict[str, Any]:
    return {
        "executors": [_executor(spec) for spec in default_registry],
        "broken": [{"module": failure.module, "error": failure.error} for failure in discovery.failures],
    }


def _executor(spec: ExecutorSpec) -> dict[str, Any]:
    return {
        "id": spec.id,
        "name": spec.name,
        "origin": spec.origin,
        "module": spec.module,
        "version": spec.version,
        "requires": [{"name": needed.name, "installed": needed.version} for needed in spec.requirements],
        "description": spec.description,
        "tags": list(spec.cls.tags),
        "examples": list(spec.cls.examples),
        "inputs_schema": spec.cls.get_input_schema(),
        "outputs_schema": spec.cls.get_output_schema(),
    }
