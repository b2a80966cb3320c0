"""The database's tables. Constraints hold the invariants; named states are queryset methods."""

from .definition import Dependency, Task, Tree, TreeVersion
from .execution import Run, RunCommand, RunEvent, TaskAttempt, TaskLog, TaskRun
from .identity import ApiToken, AuditEntry
from .operation import ExecutorConfig, ExecutorPermit, Worker
from .presence import Presence
from .run_views import RunView
from .secrets import Secret, SecretUse
from .schedule import CalendarFeed, Schedule, ScheduleFire, SchedulesPause

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
    "Secret",
    "SecretUse",
    "Schedule",
    "ScheduleFire",
    "SchedulesPause",
    "Task",
    "TaskAttempt",
    "TaskLog",
    "TaskRun",
    "Tree",
    "TreeVersion",
    "Worker",
]
