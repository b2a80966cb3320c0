"""What an executor says of itself: its version, where it comes from, and what it needs."""

from __future__ import annotations

from importlib import metadata
from typing import Any, ClassVar

import pytest

from apflow import BaseTask
from orchestration.engine.errors import ExecutorConfigurationError
from orchestration.engine.registry import ExecutorRegistry
from orchestration.engine.requirements import Requirement, is_package_name


class Told(BaseTask):
    """Says everything."""

    version = "2.1"
    requires: ClassVar[list[str]] = ["httpx", "no-such-package-of-anybody"]


class Silent(BaseTask):
    """Says nothing."""


def test_an_executor_says_its_version_and_what_it_needs() -> None:
    spec = ExecutorRegistry().register(Told, origin="made here")
    assert (spec.version, spec.origin) == ("2.1", "made here")
    assert spec.requirements == [
        Requirement("httpx", metadata.version("httpx")),
        Requirement("no-such-package-of-anybody", None),
    ]
    assert [needed.is_installed for needed in spec.requirements] == [True, False]


def test_an_executor_need_not_say_anything() -> None:
    spec = ExecutorRegistry().register(Silent)
    assert (spec.version, spec.origin, spec.requirements) == ("", "user", [])


@pytest.mark.parametrize("requires", ["httpx", ["httpx", ""], [3], {"httpx": "1"}, ["../httpx"], ["httpx>=1"]])
def test_a_wrong_list_of_packages_is_refused(requires: Any) -> None:
    wrong = type("Wrong", (BaseTask,), {"requires": requires})
    with pytest.raises(ExecutorConfigurationError, match=r"Wrong\.requires must be a list of package names"):
        ExecutorRegistry().register(wrong)


def test_a_version_that_is_no_text_is_refused() -> None:
    wrong = type("Wrong", (BaseTask,), {"version": (1, 2)})
    with pytest.raises(ExecutorConfigurationError, match=r"Wrong\.version must be a text"):
        ExecutorRegistry().register(wrong)


@pytest.mark.parametrize(
    ("name", "good"), [("httpx", True), ("a.b-c_d", True), ("-x", False), ("x\n", False), (3, False)]
)
def test_names_of_packages(name: object, good: bool) -> None:
    assert is_package_name(name) is good
