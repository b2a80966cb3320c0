"""The database's tables. Constraints hold the invariants; named states are queryset methods."""

from .backfill import Backfill
from .definition import Dependency, Task, Tree, TreeVersion
from .execution import Run, RunCommand, RunEvent, TakeOver, TaskAttempt, TaskLog, TaskRun
from .executor_config import ExecutorConfig, ExecutorPermit, ExecutorUse
from .hooks import HookOrder, HookRegistration, HookUse
from .http_executor import HttpExecutor
from .identity import ApiToken, AuditEntry, OidcIdentity, SignedIn
from .operation import Worker
from .presence import Presence
from .run_views import RunView
from .schedule import CalendarFeed, Schedule, ScheduleFire, SchedulesPause
from .secrets import Secret, SecretUse
from .webhooks import IncomingWebhook, OutgoingWebhook, WebhookAttempt, WebhookDelivery, WebhookReceipt

__all__ = [
    "ApiToken",
    "AuditEntry",
    "Backfill",
    "CalendarFeed",
    "Dependency",
    "ExecutorConfig",
    "ExecutorPermit",
    "ExecutorUse",
    "HookOrder",
    "HookRegistration",
    "HookUse",
    "HttpExecutor",
    "IncomingWebhook",
    "OidcIdentity",
    "OutgoingWebhook",
    "Presence",
    "Run",
    "RunCommand",
    "RunEvent",
    "RunView",
    "Schedule",
    "ScheduleFire",
    "SchedulesPause",
    "Secret",
    "SecretUse",
    "SignedIn",
    "TakeOver",
    "Task",
    "TaskAttempt",
    "TaskLog",
    "TaskRun",
    "Tree",
    "TreeVersion",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookReceipt",
    "Worker",
]
