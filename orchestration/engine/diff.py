"""What changed between two definitions of a tree, read as portable documents.

It reads documents and not specs: an old version may hold what the validator would refuse by now.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from .definition import TaskSpec, TreeSpec
from .json_values import JSONValue

Document: TypeAlias = Mapping[str, Any]

_TREE_DEFAULTS: Final[dict[str, JSONValue]] = TreeSpec("", ()).as_json()["tree"]
#: What a task's field is where the document leaves it out.
_TASK_DEFAULTS: Final[dict[str, JSONValue]] = {
    **TaskSpec("", "").as_json(),
    **{"params": {}, "schemas": {}, "timeout_seconds": None, "enabled": True},
    **{"pinned": None, "position": None, "notes": "", "retry": None},
}
_EDGES: Final = "dependencies"


def diff_trees(old: Document, new: Document) -> dict[str, Any]:
    """Return what was added, removed and changed: fields of the tree, tasks by id, and dependencies.

    `reordered` tells whether the tasks that both have stand in another order.
    """
    before, after = _by_id(old), _by_id(new)
    kept_before = [uid for uid in before if uid in after]
    kept_after = [uid for uid in after if uid in before]
    changed = [
        {"id": uid, "name": after[uid]["name"], "fields": fields}
        for uid in kept_after
        if (fields := _changed(before[uid], after[uid], _TASK_DEFAULTS))
    ]
    return {
        "tree": _changed(old.get("tree", {}), new.get("tree", {}), _TREE_DEFAULTS),
        "tasks": {
            "added": [_named(task) for uid, task in after.items() if uid not in before],
            "removed": [_named(task) for uid, task in before.items() if uid not in after],
            "changed": changed,
        },
        "dependencies": _edge_changes(_edges(before), _edges(after)),
        "reordered": kept_before != kept_after,
    }


def _by_id(document: Document) -> dict[str, Document]:
    return {task["id"]: task for task in document.get("tasks", ())}


def _named(task: Document) -> dict[str, Any]:
    return {"id": task["id"], "name": task["name"]}


def _changed(old: Document, new: Document, defaults: Document) -> dict[str, dict[str, Any]]:
    pairs = {key: (old.get(key, default), new.get(key, default)) for key, default in defaults.items()}
    return {
        key: {"from": before, "to": after}
        for key, (before, after) in pairs.items()
        if key not in ("id", _EDGES) and _text(before) != _text(after)
    }


def _text(value: JSONValue) -> str:
    """As text, because to Python True is 1."""
    return json.dumps(value, sort_keys=True)


def _edges(tasks: Mapping[str, Document]) -> dict[tuple[str, str], bool]:
    """Return `(task, dependency) -> required`."""
    return {(uid, edge["id"]): edge["required"] for uid, task in tasks.items() for edge in task.get(_EDGES, ())}


def _edge_changes(old: dict[tuple[str, str], bool], new: dict[tuple[str, str], bool]) -> dict[str, Any]:
    return {
        "added": [_edge(key, required) for key, required in new.items() if key not in old],
        "removed": [_edge(key, required) for key, required in old.items() if key not in new],
        "changed": [_edge(key, required) for key, required in new.items() if old.get(key, required) != required],
    }


def _edge(key: tuple[str, str], required: bool) -> dict[str, Any]:
    return {"task": key[0], "depends_on": key[1], "required": required}
