"""The Django admin: definitions can be edited, and stay valid; what happened can be looked at."""

from . import execution, operation, people, schedules, secrets, tasks, trail, trees

__all__ = ["execution", "operation", "people", "schedules", "secrets", "tasks", "trail", "trees"]
