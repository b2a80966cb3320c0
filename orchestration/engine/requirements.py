"""Which Python packages an executor needs, and whether they are installed here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from typing import Final

_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\Z")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One package by the name that pip installs it by. `version` is the installed one, None when it isn't there."""

    name: str
    version: str | None

    @property
    def is_installed(self) -> bool:
        """Tell whether this process can have it."""
        return self.version is not None


def is_package_name(name: object) -> bool:
    """Tell whether pip could know a package by this name."""
    return isinstance(name, str) and bool(_NAME.match(name))


def look_up(names: Iterable[str]) -> list[Requirement]:
    """Return what is installed of these packages, in their order."""
    return [Requirement(name, _installed_version(name)) for name in names]


# What is installed does not change under a running process.
@lru_cache(maxsize=256)
def _installed_version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
