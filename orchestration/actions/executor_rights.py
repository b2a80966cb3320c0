"""Who may use which executor: told when a tree is saved, and held when a run starts."""

from __future__ import annotations

from collections.abc import Container
from typing import Final

from django.contrib.auth.base_user import AbstractBaseUser

from orchestration.engine.definition import TreeSpec, resolved_executor
from orchestration.engine.errors import Problem
from orchestration.engine.registry import default_registry
from orchestration.models import ExecutorConfig

#: Why a group stays that an executor is for alone.
LAST_GROUP: Final = "this executor is for no other group, and without it everybody could use it. Say first who may."


def executor_problems(spec: TreeSpec, user: AbstractBaseUser | None, reused: Container[str] = ()) -> list[Problem]:
    """List the tasks that `user` may not run, for their executor is for groups that they are not in.

    Tasks that run nothing are left out: those in `reused`, pinned and disabled ones. A program without a person
    (None: a command, the SDK) may use everything.
    """
    if user is None:
        return []
    groups = {
        config.executor: ", ".join(sorted(group.name for group in config.allowed_groups.all()))
        for config in ExecutorConfig.objects.closed_to(user).prefetch_related("allowed_groups")
    }
    if not groups:
        return []
    problems = []
    # Workers may have executors that this process has not, and then take a task of that name for one of theirs.
    known = {*(registered.id for registered in default_registry), *groups}
    for index, task in enumerate(spec.tasks):
        executor = resolved_executor(task, known)
        if executor in groups and task.enabled and task.pinned is None and task.id not in reused:
            text = (
                f"the task {task.name!r} uses the executor {executor!r}, which only these groups may use: "
                f"{groups[executor]}; {user.get_username()} is in none of them. An administrator can change that"
            )
            problems.append(Problem(f"$.tasks[{index}].executor", text))
    return problems
