"""A run as one file, to be looked at elsewhere: docs/reference/run-file.md."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import asdict
from itertools import islice
from typing import Any, Final, TypeVar
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse
from django.utils import timezone
from ninja import Router

from orchestration import __version__
from orchestration.access import Actor
from orchestration.access.shown import shown_value
from orchestration.actions.reruns import run_spec
from orchestration.models import Run
from orchestration.store.run_logs import LogFilter, all_lines, newest_within
from orchestration.store.stream import Snapshot, snapshot_of, tail_of

from .door import ApiRequest
from .errors import not_found
from .run_lookups import visible_run
from .task_run_rows import attempts_of, details, task_run_details
from .wire import encoded

router = Router(tags=["runs"])
T = TypeVar("T")

FORMAT: Final = "apflow-run"
VERSION: Final = 1
#: Bytes of JSON of one value, of all of them, of all events and of all log lines; what is more is left out.
MAX_VALUE_BYTES: Final = 1024 * 1024
MAX_VALUES_BYTES: Final = 32 * 1024 * 1024
MAX_EVENTS_BYTES: Final = 32 * 1024 * 1024
MAX_LOGS_BYTES: Final = 32 * 1024 * 1024
_TASKS_AT_A_TIME: Final = 50
_EVENTS_AT_A_TIME: Final = 2_000
_LINES_AT_A_TIME: Final = 2_000
#: Those of a task's values that its definition does not have.
_OUTCOMES: Final = ("resolved_inputs", "result")
#: What the definition in the file tells, and what is true of a moment only.
_NOT_TOLD: Final = frozenset(
    {"why", "retry", *(name + end for name in ("inputs", "params", "schemas") for end in ("", "_bytes"))}
)


@router.get(
    "/runs/{uuid:id}/file",
    summary="A run as one file",
    openapi_extra={
        "responses": {
            200: {
                "description": "The file: docs/reference/run-file.md",
                "content": {"application/json": {"schema": {"type": "object"}}},
            }
        }
    },
)
def read_run_file(request: ApiRequest, id: UUID) -> StreamingHttpResponse:
    """Send everything that is known of a run, as the caller may see it, to be kept or to be opened elsewhere."""
    run = visible_run(request, id)
    snapshot = snapshot_of(str(run.pk))
    if snapshot is None:
        raise not_found("run")
    headers = {"Content-Disposition": f'attachment; filename="run-{run.pk}.json"', "Cache-Control": "no-store"}
    content = _sent(_RunFile(request.auth, run, snapshot).parts())
    return StreamingHttpResponse(content, content_type="application/json", headers=headers)


async def _sent(parts: Iterator[str]) -> AsyncIterator[str]:
    """Make and send by turns, the database in this request's own thread."""
    while part := await sync_to_async(lambda: next(parts, ""))():
        yield part


class _RunFile:
    """Writes the file piece by piece. State and events are those of one moment, the snapshot's."""

    def __init__(self, actor: Actor, run: Run, snapshot: Snapshot) -> None:
        self._actor = actor
        self._run = run
        self._snapshot = snapshot
        self._left_out: list[dict[str, Any]] = []

    def parts(self) -> Iterator[str]:
        """Yield the text of the file; no part is empty."""
        yield self._head()
        yield from _listed("tasks", self._tasks())
        yield from _listed("events", self._events())
        yield from _listed("logs", self._logs())
        yield f'"left_out":{encoded(self._left_out)}}}\n'

    def _head(self) -> str:
        parameters = self._run.parameters
        run = json.loads(self._snapshot.run) | {"parameters": shown_value(self._actor, parameters)}
        head = {
            "format": FORMAT,
            "version": VERSION,
            "saved_at": timezone.now(),
            "saved_with": f"apflow dashboard {__version__}",
            "as_of_seq": self._snapshot.as_of_seq,
            "run": run,
            "definition": shown_value(self._actor, run_spec(self._run).as_json(), parameters),
        }
        return "{" + "".join(f"{encoded(name)}:{encoded(value)},\n" for name, value in head.items())

    def _tasks(self) -> Iterator[list[str]]:
        records = json.loads(f"[{self._snapshot.tasks}]")
        room, left_out = MAX_VALUES_BYTES, 0
        for some in _batched(records, _TASKS_AT_A_TIME):
            values = self._values([record["pk"] for record in some], min(MAX_VALUE_BYTES, max(room, 0)))
            tasks = [_task(record, values[record["pk"]]) for record in some if record["pk"] in values]
            for task in tasks:
                sizes = {name: task[f"{name}_bytes"] or 0 for name in _OUTCOMES}
                room -= sum(size for name, size in sizes.items() if task[name] is not None)
                left_out += sum(task[name] is None and size > len("null") for name, size in sizes.items())
            yield [encoded(task) for task in tasks]
        self._note("values", left_out)

    def _values(self, pks: list[int], most: int) -> dict[int, dict[str, Any]]:
        found = list(details(self._actor, self._run.task_runs.filter(pk__in=pks), most=most))
        attempts = attempts_of(found)
        return {task.pk: task_run_details(self._actor, task, attempts[task.pk], "", most=most) for task in found}

    def _events(self) -> Iterator[list[str]]:
        after, end, room = 0, self._snapshot.as_of_seq, MAX_EVENTS_BYTES
        while after < end and room > 0:
            tail = tail_of(str(self._run.pk), after, min(_EVENTS_AT_A_TIME, end - after))
            if tail is None or not tail.events:
                break
            after += len(tail.events)
            room -= sum(map(len, tail.events))
            yield tail.events
        self._note("events", end - after)

    def _logs(self) -> Iterator[list[str]]:
        after, left_out = newest_within(self._run.pk, MAX_LOGS_BYTES)
        for lines in _batched(all_lines(self._run.pk, LogFilter(), after), _LINES_AT_A_TIME):
            yield [encoded(asdict(line)) for line in lines]
        self._note("logs", left_out)

    def _note(self, what: str, count: int) -> None:
        if count:
            self._left_out.append({"what": what, "count": count})


def _task(record: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Return a task of the file: its state is that of the snapshot, whose error is cut."""
    known = {name: value for name, value in values.items() if name not in _NOT_TOLD}
    return known | record | {"error": record["error"] and values["error"]}


def _listed(name: str, batches: Iterator[list[str]]) -> Iterator[str]:
    """Write a list, one item a line."""
    yield f"{encoded(name)}:["
    before = "\n"
    for items in batches:
        if items:
            yield before + ",\n".join(items)
            before = ",\n"
    yield "],\n"


def _batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the items in lists of `size`."""
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some
