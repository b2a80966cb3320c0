"""What an installation decides about the engine and the built-in executors."""

from __future__ import annotations

from dataclasses import dataclass

from .outcome import DEFAULT_MAX_RESULT_BYTES


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """Limits and permissions. `http_allowed_hosts` are `host` or `host:port` that rest_executor may reach although
    they are private; `command_allowlist` are the programs of command_executor, none meaning that it is off;
    `hook_modules` are the modules, with all below them, whose functions the admin may choose as hooks."""

    max_result_bytes: int = DEFAULT_MAX_RESULT_BYTES
    http_allowed_hosts: tuple[str, ...] = ()
    command_allowlist: tuple[str, ...] = ()
    hook_modules: tuple[str, ...] = ()


_current = EngineConfig()


def configure(config: EngineConfig) -> None:
    """Put a configuration in force for this process."""
    global _current
    _current = config


def current_config() -> EngineConfig:
    """Return the configuration in force."""
    return _current
