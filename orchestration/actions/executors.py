"""What an installation decides about executors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from orchestration.models import ExecutorConfig

from . import audit

#: What can be decided.
LIMITS: Final = ("enabled", "max_concurrency", "rate_count", "rate_seconds")


def limit_executor(executor: str, changes: Mapping[str, Any], user: AbstractBaseUser | None = None) -> ExecutorConfig:
    """Change some of LIMITS of an executor, whose row is made when it has none. Workers follow within seconds."""
    with transaction.atomic():
        ExecutorConfig.objects.get_or_create(executor=executor)
        config = ExecutorConfig.objects.select_for_update().get(executor=executor)
        before = limits_of(config)
        for name, value in changes.items():
            setattr(config, name, value)
        after = limits_of(config)
        if after != before:
            config.save(update_fields=[*changes, "updated_at"])
            audit.record("executor.limit", config, user=user, detail={"before": before, "after": after})
    return config


def limits_of(config: ExecutorConfig) -> dict[str, Any]:
    """Return what is decided, by name."""
    return {name: getattr(config, name) for name in LIMITS}
