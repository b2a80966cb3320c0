"""One run: its header, its tasks, the button that cancels it, and one task run on a page of its own."""

from __future__ import annotations

import json
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from orchestration.actions.runs import cancel_run, why
from orchestration.engine import durations
from orchestration.engine.errors import RunNotFoundError
from orchestration.engine.json_values import encode, storable_text
from orchestration.engine.status import ACTIVE
from orchestration.models import Run, RunCommand, TaskRun

from . import states
from .access import PageRequest, may_cancel, may_see_values, may_start, page, sees_tree, shown_to, visible_run
from .hook_lines import hooks_of_run, is_settling
from .run_tasks import PAGE_SIZE, TaskRunLine, count_tasks, details_of_page, page_of_tasks, shown_counts, task_lines
from .states import TASK_FILTERS, State
from .task_details import ALONE, load_details

#: Milliseconds between two looks at an active run, and at one whose last hooks are not told of yet.
REFRESH_MS: Final = 1_000
SETTLING_MS: Final = 3_000
_PARAMETER_CHARS: Final = 4_000
_REASON_CHARS: Final = 500
_LARGEST_KEY: Final = 2**63 - 1


@require_safe
@page
def run(request: PageRequest, pk: UUID) -> HttpResponse:
    """Show a run. The address holds the filter, the page and which tasks are open."""
    found = visible_run(request.user, pk)
    key = request.GET.get("status", "")
    counts = count_tasks(found)
    shown = counts[key] if key in TASK_FILTERS else sum(counts.values())
    pages = max(-(-shown // PAGE_SIZE), 1)
    number = min(_number(request.GET, "page", default=1), pages)
    now = timezone.now()
    pks = page_of_tasks(found, key, number)
    opened = _opened(request.GET)
    details = details_of_page(found, pks, opened, with_secrets=may_see_values(request.user))
    context = _header(request, found, counts) | {
        "lines": task_lines(found, pks, details, opened, now),
        "filters": shown_counts(counts),
        "filter": key if key in TASK_FILTERS else "",
        "shown": shown,
        "number": number,
        "previous": number - 1,
        "next": number + 1,
        "pages": pages,
    }
    return render(request, "pages/run.html", context)


def _number(query: QueryDict, name: str, *, default: int) -> int:
    text = query.get(name, "")
    return max(int(text), 1) if text.isascii() and text.isdigit() and len(text) < 9 else default


def _opened(query: QueryDict) -> set[int]:
    parts = query.get("open", "").split(",")[:1000]
    return {int(part) for part in parts if part.isascii() and part.isdigit() and len(part) < 19}


def _header(request: PageRequest, found: Run, counts: dict[str, int]) -> dict[str, Any]:
    is_active = found.status in ACTIVE
    is_cancelling = is_active and _is_cancelling(found)
    done = sum(counts[key] for key in ("completed", "failed", "blocked", "cancelled"))
    state = states.of_run(found, is_cancelling=is_cancelling)
    hooks = hooks_of_run(found)
    return {
        "section": "runs",
        "run": found,
        "state": state,
        "hooks": hooks,
        "trigger": states.TRIGGERS.get(found.trigger, found.trigger),
        "is_active": is_active,
        "refresh": REFRESH_MS if is_active else SETTLING_MS if is_settling(found, hooks) else 0,
        "counts": counts,
        "done": done,
        "total": sum(counts.values()),
        "duration": durations.between(found.started_at, found.finished_at, timezone.now()),
        "queued_for": durations.between(found.queued_at, found.started_at or found.finished_at, timezone.now()),
        "parameters": _short_json(shown_to(request.user, found.parameters)),
        "announcement": _announcement(state, counts),
        "may_cancel": is_active and not is_cancelling and may_cancel(request.user, found),
        "sees_tree": sees_tree(request.user, found),
        "may_start": may_start(request.user),
    }


def _is_cancelling(found: Run) -> bool:
    if found.cancel_requested_at is not None:
        return True
    asked = RunCommand.objects.filter(run=found, kind=RunCommand.Kind.CANCEL, task_run=None, handled_at=None)
    return asked.exists()


def _announcement(state: State, counts: dict[str, int]) -> str:
    failed = counts["failed"]
    return f"Run: {state.word}." + (f" {failed} failed." if failed else "")


def _short_json(value: Any) -> str:
    """Return JSON text of parameters, cut where it gets long; nothing when there are none."""
    text = json.dumps(value, indent=2, ensure_ascii=False) if value else ""
    return text if len(text) <= _PARAMETER_CHARS else f"{text[:_PARAMETER_CHARS]}…"


@require_POST
@page
def run_cancel(request: PageRequest, pk: UUID) -> HttpResponse:
    """Ask for a run to be cancelled."""
    found = visible_run(request.user, pk)
    if not may_cancel(request.user, found):
        raise PermissionDenied("You did not start this run, and your account may not change other people's runs.")
    if found.status in ACTIVE:
        reason = storable_text(request.POST.get("reason", "").strip(), _REASON_CHARS)
        cancel_run(found, user=request.user, reason=reason)
    else:
        messages.info(request, f"There is nothing to cancel: the run is {found.get_status_display()} already.")
    return redirect("run", found.pk)


@require_safe
@page
def task_run(request: PageRequest, pk: UUID, task_pk: int) -> HttpResponse:
    """Show one task run in full."""
    found = visible_run(request.user, pk)
    if task_pk > _LARGEST_KEY:
        raise Http404
    details = load_details(found, [task_pk], ALONE, with_secrets=may_see_values(request.user))
    lines = task_lines(found, [task_pk], details, (), timezone.now())
    if not lines:
        raise Http404
    context = {
        "section": "runs",
        "run": found,
        "line": lines[0],
        "why": _why(found, lines[0]),
        "refresh": REFRESH_MS if found.status in ACTIVE else 0,
        "announcement": f"Task: {lines[0].state.word}.",
    }
    return render(request, "pages/task_run.html", context)


def _why(run: Run, line: TaskRunLine) -> str:
    """The engine's own sentence on a task that has not ended, while its run goes on."""
    if line.finished_at is not None or run.status not in ACTIVE:
        return ""
    try:
        return why(TaskRun.objects.get(pk=line.pk))
    except (TaskRun.DoesNotExist, RunNotFoundError):
        return ""


@require_safe
@page
def task_run_result(request: PageRequest, pk: UUID, task_pk: int) -> HttpResponse:
    """Send a result as a JSON file; without secrets to who may not change trees."""
    found = visible_run(request.user, pk)
    if task_pk > _LARGEST_KEY:
        raise Http404
    rows = TaskRun.objects.filter(run=found, pk=task_pk, result__isnull=False)
    text = _result_text(request.user, found, rows)
    if text is None:
        raise Http404
    headers = {"Content-Disposition": f'attachment; filename="result-{task_pk}.json"'}
    return HttpResponse(text, content_type="application/json", headers=headers)


def _result_text(user: User, run: Run, rows: QuerySet[TaskRun]) -> str | None:
    """Return a result as the database holds it, or as somebody may see it who may not see all."""
    if may_see_values(user):
        return rows.annotate(text=Cast("result", TextField())).values_list("text", flat=True).first()
    values = rows.values_list("result", "inputs", "resolved_inputs", "params").first()
    return None if values is None else encode(shown_to(user, values[0], run.parameters, *values[1:]))
