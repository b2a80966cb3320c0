"""The dependency graph: cycles, and the edges that groups add. Iterative throughout, so depth is no limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def find_cycle(waits_for: Mapping[str, Sequence[str]]) -> list[str] | None:
    """Find a cycle in `node -> the nodes it waits for`.

    Returns the nodes along the cycle with the first one repeated at the end (`["a", "b", "a"]`), or None. Nodes that
    are named as a target but have no entry of their own are leaves.
    """
    done: set[str] = set()
    for start in waits_for:
        if start in done:
            continue
        cycle = _walk(start, waits_for, done)
        if cycle is not None:
            return cycle
    return None


def _walk(start: str, waits_for: Mapping[str, Sequence[str]], done: set[str]) -> list[str] | None:
    path = [start]
    on_path = {start}
    iterators = [iter(waits_for.get(start, ()))]
    while iterators:
        for target in iterators[-1]:
            if target in on_path:
                return [*path[path.index(target) :], target]
            if target not in done:
                path.append(target)
                on_path.add(target)
                iterators.append(iter(waits_for.get(target, ())))
                break
        else:
            iterators.pop()
            left = path.pop()
            on_path.discard(left)
            done.add(left)
    return None


def ancestors(node: str, waits_for: Mapping[str, Sequence[str]]) -> set[str]:
    """Return everything that `node` waits for, directly or through others."""
    found: set[str] = set()
    stack = list(waits_for.get(node, ()))
    while stack:
        current = stack.pop()
        if current not in found:
            found.add(current)
            stack.extend(waits_for.get(current, ()))
    return found
