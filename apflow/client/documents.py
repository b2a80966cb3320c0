"""The JSON objects of the API, as types. A server may send more fields than these."""

from __future__ import annotations

from typing import Any, Final, NotRequired, TypedDict

#: The statuses in which runs and their tasks stay.
ENDED: Final = frozenset({"completed", "failed", "cancelled"})

#: The portable document of a tree: docs/reference/tree-document.md.
Document = dict[str, Any]


class TokenUse(TypedDict):
    """The token that the caller came with."""

    name: str
    scope: str


class Me(TypedDict):
    """The caller."""

    username: str
    roles: list[str]
    permissions: list[str]
    token: TokenUse | None


class Verdict(TypedDict):
    """What the server says of a document; `definition` is how it would be stored, None when it can't be."""

    valid: bool
    problems: list[dict[str, str]]
    definition: Document | None


class LastRun(TypedDict):
    """The newest run of a tree."""

    id: str
    status: str
    queued_at: str
    finished_at: str | None


class Tree(TypedDict):
    """A tree; `definition`, `problems` and `may` come with a single one, not in a list."""

    id: str
    name: str
    description: str
    tags: list[str]
    owner: str | None
    visibility: str
    shared_with: list[str]
    version: int
    archived: bool
    task_count: int
    last_run: LastRun | None
    created_at: str
    updated_at: str
    definition: NotRequired[Document]
    problems: NotRequired[list[dict[str, str]]]
    may: NotRequired[dict[str, bool]]


class FirstCause(TypedDict):
    """A task whose own failure made a run fail."""

    task: str
    name: str
    error: str | None
    error_type: str | None


class Run(TypedDict):
    """A run; `reruns`, `first_causes` and `may` come with a single one, not in a list."""

    id: str
    tree_id: str | None
    tree_name: str
    tree_version: int
    status: str
    priority: int
    trigger: str
    requested_by: str | None
    parameters: dict[str, Any] | None
    parent_run_id: str | None
    paused: bool
    cancel_requested_at: str | None
    cancel_reason: str
    error: str | None
    queued_at: str
    started_at: str | None
    finished_at: str | None
    task_count: int
    counts: dict[str, int]
    max_concurrency: int | None
    timeout_seconds: float | None
    owner: str | None
    last_seq: int
    reruns: NotRequired[list[str]]
    first_causes: NotRequired[list[FirstCause]]
    may: NotRequired[dict[str, bool]]


class DependencyOn(TypedDict):
    """What a task waits for."""

    id: str
    required: bool


class TaskRun(TypedDict):
    """A task of a run."""

    pk: int
    id: str
    name: str
    executor: str | None
    parent_id: str | None
    priority: int
    enabled: bool
    dependencies: list[DependencyOn]
    status: str
    attempt: int
    max_attempts: int
    progress: float
    progress_message: str
    error: str | None
    error_type: str | None
    first_cause: str | None
    next_attempt_at: str | None
    started_at: str | None
    finished_at: str | None
    worker: str | None
    reused: bool
    pinned: bool
    timeout_seconds: float | None


class LogLine(TypedDict):
    """A line that a task logged."""

    id: int
    task: str
    attempt: int
    level: int
    logger: str
    message: str
    at: str


class LogPage(TypedDict):
    """Log lines behind a cursor; `next` is None when these are all for now."""

    items: list[LogLine]
    next: str | None


class Asked(TypedDict):
    """A command that was left for a run's worker."""

    command: int
    run: str


class Token(TypedDict):
    """A token of the caller's; `secret` comes once, with the answer that makes it."""

    id: int
    name: str
    scope: str
    hint: str
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    revoked_at: str | None
    secret: NotRequired[str]
