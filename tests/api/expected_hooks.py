"""The permission matrix of hooks; see `matrix.py`."""

from __future__ import annotations

from typing import Any, Final

from orchestration.models import HookRegistration, OutgoingWebhook, TaskRun
from tests.webhook_scene import make_webhook

from .matrix import Row
from .world import Subject

#: A function that the code registers, in a process that is gone.
_TARGET: Final = "shop.hooks.check_order"
_FIELDS: Final[dict[str, Any]] = {"name": _TARGET, "event": "pre"}


def _hook(subject: Subject) -> dict[str, Any]:
    return {"id": HookRegistration.objects.get_or_create(**_FIELDS, target=_TARGET, origin="decorator")[0].pk}


def _new(subject: Subject) -> dict[str, Any]:
    webhook = OutgoingWebhook.objects.first() or make_webhook("https://example.org/in")
    return {"name": "Tell the CRM", "event": "post", "webhook": webhook.pk}


def _task_run(subject: Subject) -> dict[str, Any]:
    return {"task_run": TaskRun.objects.filter(run=subject.ended).values_list("pk", flat=True)[0]}


EXPECTED: dict[str, Row] = {
    "list_hooks": Row("administer"),
    "make_hook": Row("administer", body=_new),
    "read_hook_order": Row("administer"),
    "set_hook_order": Row("administer", body={"version": 0, "event": "pre", "hooks": []}),
    "read_hook": Row("administer", path=_hook),
    "update_hook": Row("administer", path=_hook, body=_FIELDS),
    "remove_hook": Row("administer", path=_hook),
    "set_hook_enabled": Row("administer", path=_hook, body={"enabled": False}),
    "try_hook_out": Row("administer", path=_hook, body=_task_run),
}
