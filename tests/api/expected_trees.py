"""The permission matrix of trees, versions, tasks and dependencies; see `matrix.py`."""

from __future__ import annotations

from typing import Final

from .matrix import Row

_DOCUMENT: Final = {
    "format": "apflow-tree",
    "version": 1,
    "tree": {"name": "Sent"},
    "tasks": [{"id": "a", "name": "a", "executor": "echo"}],
}
_ANY: Final = {"If-Match": "*"}

EXPECTED: dict[str, Row] = {
    "list_trees": Row("anybody"),
    "create_tree": Row("create", body=_DOCUMENT),
    "validate_tree": Row("anybody", body=_DOCUMENT),
    "import_tree": Row("create", body=_DOCUMENT),
    "read_tree": Row("see"),
    "export_tree": Row("see"),
    "read_tree_grid": Row("see"),
    "forecast_starts": Row("see"),
    "list_task_durations": Row("see"),
    "copy_tree": Row("copy", body={"name": "A copy"}),
    "save_tree": Row("edit", body={"definition": _DOCUMENT}, headers=_ANY),
    "change_tree": Row("manage", body={"visibility": "everyone"}),
    "delete_tree": Row("manage"),
    "put_presence": Row("see", body={"page": "3f0c0f4e-3b8a-4bb2-9a53-0c4be4f6a3b1"}),
    "delete_presence": Row("see", path={"page": "3f0c0f4e-3b8a-4bb2-9a53-0c4be4f6a3b1"}),
    "list_versions": Row("see"),
    "read_version": Row("see"),
    "diff_versions": Row("see", query="from=1&to=1"),
    "restore_version": Row("edit", body={"version": 1}, headers=_ANY),
    "list_tasks": Row("see"),
    "read_task": Row("see"),
    "add_task": Row("edit", body={"id": "c", "name": "c", "executor": "echo"}, headers=_ANY),
    "change_task": Row("edit", body={"priority": 0}, headers=_ANY),
    "delete_task": Row("edit", headers=_ANY),
    "put_dependency": Row("edit", body={"required": False}, headers=_ANY, path={"task": "b", "other": "a"}),
    "delete_dependency": Row("edit", headers=_ANY, path={"task": "b", "other": "a"}),
}
