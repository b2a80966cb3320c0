"""The catalogue of executors: those that are registered, those that only others have, and modules that failed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.urls import reverse

from orchestration.actions.executor_catalogue import ELSEWHERE, configs, known_executors, offered, unimported
from orchestration.discovery import failures
from orchestration.engine.breaker import BreakerState
from orchestration.engine.registry import ExecutorSpec, default_registry
from orchestration.models import ExecutorConfig
from orchestration.store.executor_usage import Usage, read_all_usage, usage_days

from .sparkline import Sparkline, sparkline


@dataclass(frozen=True, slots=True)
class Line:
    """One executor of the catalogue."""

    id: str
    spec: ExecutorSpec | None
    config: ExecutorConfig
    available: bool
    usage: Usage
    spark: Sparkline

    @property
    def url(self) -> str:
        """Its page."""
        return reverse("admin:executor", args=[self.id])

    @property
    def name(self) -> str:
        """Its name for people."""
        return self.spec.name if self.spec else self.id

    @property
    def origin(self) -> str:
        """Where it comes from."""
        return self.spec.origin if self.spec else ELSEWHERE

    @property
    def summary(self) -> str:
        """The first line of its description."""
        return self.spec.description.split("\n", 1)[0] if self.spec else "No module of this web server has it"

    @property
    def missing(self) -> list[str]:
        """Packages that it needs and that are not installed here."""
        return [needed.name for needed in self.spec.requirements if not needed.is_installed] if self.spec else []

    @property
    def breaker(self) -> BreakerState:
        """Where its circuit breaker stands."""
        return self.config.breaker_state

    @property
    def percent_failed(self) -> float | None:
        """The share of its task runs that failed, in percent."""
        return None if self.usage.error_rate is None else self.usage.error_rate * 100

    @property
    def limits(self) -> str:
        """Its limits in a few words."""
        config = self.config
        said = [
            f"{config.max_concurrency} at a time" if config.max_concurrency else "",
            f"{config.rate_count} in {config.rate_seconds:g} s" if config.rate_count else "",
            f"breaker after {config.breaker_failures}" if config.breaker_failures else "",
            f"for {', '.join(group.name for group in config.allowed_groups.all())}"
            if config.pk and config.allowed_groups.all()
            else "",
        ]
        return ", ".join(filter(None, said))


#: Filters by their name in the address: the choices, and what a line must be.
_FILTERS: Final[dict[str, dict[str, Callable[[Line], bool]]]] = {
    "origin": {
        origin: lambda line, origin=origin: line.origin == origin  # type: ignore[misc]
        for origin in ("built-in", "example", "user", "made here", ELSEWHERE)
    },
    "state": {"on": lambda line: line.config.enabled, "off": lambda line: not line.config.enabled},
    "workers": {"offer it": lambda line: line.available, "don't": lambda line: not line.available},
    "breaker": {
        "closed": lambda line: line.breaker == "closed",
        "open": lambda line: line.breaker == "open",
        "half-open": lambda line: line.breaker == "half_open",
    },
}


def list_context(query: Mapping[str, str]) -> dict[str, Any]:
    """Return what the catalogue shows of the executors that a query asks for."""
    text = query.get("q", "").strip()
    chosen = {name: value for name in _FILTERS if (value := query.get(name, "")) in _FILTERS[name]}
    lines = [line for line in _lines() if _matches(line, text.casefold(), chosen)]
    filters = [
        {"name": name, "choices": list(choices), "value": chosen.get(name, "")} for name, choices in _FILTERS.items()
    ]
    return {
        "lines": lines,
        "failures": failures,
        "unimported": unimported(),
        "q": text,
        "filters": filters,
        "is_narrowed": bool(text or chosen),
    }


def _matches(line: Line, text: str, chosen: Mapping[str, str]) -> bool:
    found = text in f"{line.id}\n{line.name}\n{line.summary}".casefold()
    return found and all(_FILTERS[name][value](line) for name, value in chosen.items())


def _lines() -> list[Line]:
    decided, available, usage, days = configs(), offered(), read_all_usage(), usage_days()
    specs = {spec.id: spec for spec in default_registry}
    lines = []
    for executor in known_executors():
        used = usage.get(executor, Usage())
        config = decided.get(executor) or ExecutorConfig(executor=executor)
        spark = sparkline(used, days)
        lines.append(Line(executor, specs.get(executor), config, executor in available, used, spark))
    return lines
