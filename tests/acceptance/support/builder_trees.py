"""Trees for the builder's tests, in few words."""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]
#: Width and height of a card on the canvas.
CARD = (224, 72)


def task(name: str, *after: str, executor: str | None = "echo", **fields: Any) -> dict[str, Any]:
    """A task whose id is its name; a name in `after` with a question mark behind it is an optional dependency."""
    edges = [{"id": other.rstrip("?"), "required": not other.endswith("?")} for other in after]
    made: dict[str, Any] = {"id": name, "name": name, **({"dependencies": edges} if edges else {}), **fields}
    if executor is not None:
        made |= {"executor": executor}
    return made | ({"inputs": {"value": name}} if executor == "echo" and "inputs" not in fields else {})


def document(name: str, *tasks: dict[str, Any]) -> Document:
    """A tree document."""
    return {"format": "apflow-tree", "version": 1, "tree": {"name": name}, "tasks": list(tasks)}


def layered(name: str, count: int, width: int = 8) -> Document:
    """A tree of that many tasks in layers; each waits for one or two of the layer above."""
    tasks = []
    for number in range(count):
        above = number - width
        after = [f"t{above}", *([f"t{above + 1}?"] if number % 3 == 0 else [])] if above >= 0 else []
        tasks.append(task(f"t{number}", *after))
    return document(name, *tasks)


def by_name(saved: Document) -> dict[str, dict[str, Any]]:
    """The tasks of a saved document by their names, which must be different ones."""
    tasks = {one["name"]: one for one in saved["tasks"]}
    assert len(tasks) == len(saved["tasks"])
    return tasks


def edges_of(saved: Document) -> set[tuple[str, str]]:
    """Who waits for whom, as pairs of names: the upper task, and the lower one."""
    names = {one["id"]: one["name"] for one in saved["tasks"]}
    return {(names[edge["id"]], one["name"]) for one in saved["tasks"] for edge in one.get("dependencies", [])}


def optional_edges_of(saved: Document) -> set[tuple[str, str]]:
    """Those of the edges that are optional."""
    names = {one["id"]: one["name"] for one in saved["tasks"]}
    found = ((edge, one) for one in saved["tasks"] for edge in one.get("dependencies", []))
    return {(names[edge["id"]], one["name"]) for edge, one in found if not edge.get("required", True)}


def parents_of(saved: Document) -> dict[str, str | None]:
    """The group that each task is in, by name."""
    names = {one["id"]: one["name"] for one in saved["tasks"]}
    return {one["name"]: names.get(one.get("parent_id") or "") for one in saved["tasks"]}


def overlapping(saved: Document) -> list[tuple[str, str]]:
    """The pairs of tasks of one parent whose cards stand on each other."""
    found = []
    placed = [one for one in saved["tasks"] if one.get("position")]
    for number, one in enumerate(placed):
        for other in placed[:number]:
            aside = abs(one["position"]["x"] - other["position"]["x"])
            below = abs(one["position"]["y"] - other["position"]["y"])
            if one.get("parent_id") == other.get("parent_id") and aside < CARD[0] and below < CARD[1]:
                found.append((other["name"], one["name"]))
    return found
