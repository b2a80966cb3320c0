"""The database's tables. Constraints hold the invariants; named states are queryset methods."""

from .definition import Dependency, Task, Tree, TreeVersion
from .execution import Run, RunCommand, RunEvent, TaskAttempt, TaskLog, TaskRun
from .identity import ApiToken, AuditEntry
from .operation import ExecutorConfig, ExecutorPermit, Worker
from .presence import Presence
from .run_views import RunView
from .schedule import CalendarFeed, Schedule, ScheduleFire, SchedulesPause
from .secrets import Secret, SecretUse

__all__ = [
    "ApiToken",
    "AuditEntry",
    "CalendarFeed",
    "Dependency",
    "ExecutorConfig",
    "ExecutorPermit",
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
    "Task",
    "TaskAttempt",
    "TaskLog",
    "TaskRun",
    "Tree",
    "TreeVersion",
    "Worker",
]
