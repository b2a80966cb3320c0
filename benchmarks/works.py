"""The trees that the benchmarks run."""

from __future__ import annotations

from dataclasses import dataclass

from orchestration.engine.definition import DependencySpec, TaskSpec, TreeSpec


@dataclass(frozen=True)
class Work:
    """A tree to run, under the name that the report has for it."""

    name: str
    spec: TreeSpec


def task(index: int, *upstream: int, executor: str = "bench_noop") -> TaskSpec:
    """Make the task `t<index>` that depends on the tasks of these indices."""
    edges = tuple(DependencySpec(f"t{other}") for other in upstream)
    return TaskSpec(id=f"t{index}", name=f"t{index}", executor=executor, dependencies=edges)


def fan(count: int, executor: str = "bench_noop") -> Work:
    """One root and `count` tasks that depend on it."""
    tasks = (task(0), *(task(index, 0, executor=executor) for index in range(1, count + 1)))
    return Work(f"fan_{count}", TreeSpec("fan", tasks))


def chain(count: int) -> Work:
    """`count` tasks, each depending on the one before."""
    return Work(f"chain_{count}", TreeSpec("chain", (task(0), *(task(i, i - 1) for i in range(1, count)))))


def lattice(layers: int, width: int) -> Work:
    """`layers` layers of `width` tasks; each depends on two of the layer before."""
    tasks = []
    for layer in range(layers):
        for column in range(width):
            base = (layer - 1) * width
            upstream = () if layer == 0 else (base + column, base + (column + 1) % width)
            tasks.append(task(layer * width + column, *upstream))
    return Work(f"lattice_{layers * width}", TreeSpec("lattice", tuple(tasks)))


def small() -> TreeSpec:
    """A tree of ten tasks: one, then four, then four more, then one."""
    first = [task(0), *(task(index, 0) for index in range(1, 5))]
    second = [task(index + 4, index) for index in range(1, 5)]
    return TreeSpec("small", (*first, *second, task(9, 5, 6, 7, 8)))
