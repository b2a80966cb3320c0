"""The example trees that a new installation starts with."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings

from orchestration.actions.trees import create_tree
from orchestration.engine.definition import TreeSpec
from orchestration.management.targets import parse_file
from orchestration.models import Tree


def load_examples() -> int:
    """Store the example trees, where the `examples` app is installed and there is no tree yet; return how many."""
    if not apps.is_installed("examples") or Tree.objects.exists():
        return 0
    folder = Path(apps.get_app_config("examples").path)
    specs = [_at_this_address(parse_file(path)) for path in sorted(folder.glob("*.json"))]
    for spec in specs:
        create_tree(spec, message="Example")
    return len(specs)


def _at_this_address(spec: TreeSpec) -> TreeSpec:
    """Let an example that looks at this very site find it, whatever its port."""
    parameters: Any = copy.deepcopy(spec.parameters)
    base_url = (parameters or {}).get("properties", {}).get("base_url")
    if base_url is None:
        return spec
    base_url["default"] = f"http://127.0.0.1:{settings.PORT}"
    return replace(spec, parameters=parameters)
