"""The order of the administration's index: what people draw, what ran, what keeps it running, and who they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

#: Groups with their models, in the order in which they are shown. A model that no group names comes last in the one
#: that `_REST` names for its app.
GROUPS: Final[Mapping[str, Sequence[str]]] = {
    "Definition": ("tree", "task", "dependency"),
    "Execution": ("run", "taskrun"),
    "Operation": (
        *("executorconfig", "httpexecutor", "hookregistration"),
        *("outgoingwebhook", "webhookdelivery", "incomingwebhook", "webhookreceipt"),
        *("schedule", "schedulefire", "worker", "secret", "secretuse"),
    ),
    "People": ("user", "group", "apitoken", "signedin", "oidcidentity", "accessattempt", "auditentry"),
}
_REST: Final = {"orchestration": "Operation"}


def grouped(apps: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Arrange Django's list of apps with their models into our groups; empty ones are left out."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in GROUPS}
    for app in apps:
        for model in app["models"]:
            found[group_of(app["app_label"], model["model"]._meta.model_name)].append(model)
    return [
        {
            "name": name,
            "app_label": name.lower(),
            "app_url": f"#{name.lower()}",
            "has_module_perms": True,
            "models": sorted(models, key=lambda model, name=name: _place(name, model)),  # type: ignore[misc]
        }
        for name, models in found.items()
        if models
    ]


def group_of(app_label: str, model_name: str) -> str:
    """Return the group of a model."""
    named = (name for name, models in GROUPS.items() if model_name in models)
    return next(named, _REST.get(app_label, "People"))


def _place(group: str, model: Mapping[str, Any]) -> tuple[int, str]:
    order, name = GROUPS[group], model["model"]._meta.model_name
    return (order.index(name) if name in order else len(order), model["name"])
