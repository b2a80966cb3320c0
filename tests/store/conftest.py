"""Fixtures of the store's tests: workers and runs without an engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from orchestration.engine.definition import DependencySpec, TaskSpec, TreeSpec, new_id
from orchestration.engine.ports import WorkerInfo
from orchestration.models import Run
from orchestration.store.engine_store import PostgresStore
from orchestration.store.snapshots import NewRun, insert_run


@pytest.fixture
def store() -> Iterator[PostgresStore]:
    """Yield a store whose connection of this thread is closed afterwards."""
    store = PostgresStore()
    yield store
    store.close()


@pytest.fixture
def worker(store: PostgresStore) -> Callable[..., str]:
    """Return a function that registers a worker."""

    def register(lease_seconds: float = 60) -> str:
        return store.register_worker(WorkerInfo("w", "host", 1, "0", 10, ["echo"], lease_seconds))

    return register


def two_tasks() -> TreeSpec:
    """A tree of two tasks in a row."""
    return TreeSpec(
        "two",
        (TaskSpec("a", "a", "echo"), TaskSpec("b", "b", "echo", dependencies=(DependencySpec("a"),))),
    )


def new_run(**fields: Any) -> Run:
    """Queue a run of two tasks."""
    new = NewRun(new_id(), fields.pop("spec", two_tasks()), None, 1, "manual", **fields)
    assert insert_run(new)
    return Run.objects.get(pk=new.id)
