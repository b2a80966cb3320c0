"""The Django admin: definitions can be edited, and stay valid; what happened can be looked at."""

from . import (
    execution,
    executors,
    hooks,
    http_executors,
    incoming_webhooks,
    people,
    schedules,
    secrets,
    sessions,
    tasks,
    trail,
    trees,
    webhook_deliveries,
    webhooks,
    workers,
)

__all__ = [
    "execution",
    "executors",
    "hooks",
    "http_executors",
    "incoming_webhooks",
    "people",
    "schedules",
    "secrets",
    "sessions",
    "tasks",
    "trail",
    "trees",
    "webhook_deliveries",
    "webhooks",
    "workers",
]
