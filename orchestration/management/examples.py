"""The example trees that a new installation starts with."""

from __future__ import annotations

from pathlib import Path

from django.apps import apps

from orchestration.actions.trees import create_tree
from orchestration.management.targets import parse_file
from orchestration.models import Tree


def load_examples() -> int:
    """Store the example trees, where the `examples` app is installed and there is no tree yet; return how many."""
    if not apps.is_installed("examples") or Tree.objects.exists():
        return 0
    folder = Path(apps.get_app_config("examples").path)
    specs = [parse_file(path) for path in sorted(folder.glob("*.json"))]
    for spec in specs:
        create_tree(spec, message="Example")
    return len(specs)
