"""Random trees, each a pure function of the random source."""

from __future__ import annotations

from random import Random
from typing import Any

from orchestration.engine.definition import DependencySpec, TaskSpec, TreeSpec
from orchestration.engine.retry import RetryPolicy


def random_tree(random: Random, effects: str) -> TreeSpec:
    """Make a tree of 1 to 30 tasks, now and then of 150, with groups, optional edges, retries and limits."""
    count = random.randint(80, 150) if random.random() < 0.03 else random.randint(1, 30)
    density = random.choice((0, 1, 1, 2, 3))
    tasks: list[TaskSpec] = []
    group: str | None = None
    empty = False
    for index in range(count):
        if group is not None and not empty and random.random() < 0.3:
            group = None
        if group is None and index + 1 < count and random.random() < 0.06:
            group, empty = f"t{index}", True
            tasks.append(TaskSpec(id=group, name=f"group {index}", dependencies=_edges(random, tasks, density)))
            continue
        empty = False
        tasks.append(_random_task(random, index, tasks, density, group, effects))
    limit = random.randint(1, 4) if random.random() < 0.2 else None
    return TreeSpec(f"chaos {count}", tuple(tasks), max_concurrency=limit)


def _edges(random: Random, earlier: list[TaskSpec], density: int) -> tuple[DependencySpec, ...]:
    candidates = [task.id for task in earlier]
    chosen = random.sample(candidates, min(len(candidates), random.randint(0, density)))
    return tuple(DependencySpec(upstream, random.random() < 0.75) for upstream in chosen)


def _random_task(
    random: Random, index: int, earlier: list[TaskSpec], density: int, group: str | None, effects: str
) -> TaskSpec:
    executor, inputs, retry = _random_work(random)
    # What waits for a group must not be waited for inside it; children that depend on nothing make no cycle.
    edges = _edges(random, earlier, density) if group is None else ()
    return TaskSpec(
        id=f"t{index}",
        name=f"task {index}",
        executor=executor,
        inputs={"effects": effects, **inputs},
        priority=random.randrange(4),
        parent_id=group,
        dependencies=edges,
        retry=retry,
        enabled=random.random() > 0.02,
    )


def _random_work(random: Random) -> tuple[str, dict[str, Any], RetryPolicy]:
    once, attempts = RetryPolicy(), random.randint(1, 4)
    again = RetryPolicy(max_attempts=attempts, backoff="fixed", base_seconds=random.choice((0.0, 0.05, 0.4)))
    kind = random.choices(
        ("quick", "thread", "sleep", "nap", "block", "flaky", "fail"), weights=(30, 15, 20, 8, 1, 14, 4)
    )[0]
    if kind in ("sleep", "nap", "block"):
        most = 1.0 if kind == "sleep" else 0.4
        return f"chaos_{kind}", {"seconds": round(random.uniform(0.01, most), 3)}, once
    if kind == "flaky":
        # Mostly one that makes it in the end.
        failures = max(attempts - 1, 0) if random.random() < 0.8 else attempts
        return "chaos_flaky", {"failures": failures}, again
    if kind == "fail":
        return "chaos_fail", {"retryable": random.random() < 0.5}, again
    return f"chaos_{kind}", {}, once
