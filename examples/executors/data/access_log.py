"""Counting a web server's log: split it, count the parts side by side, bring the counts together."""

from __future__ import annotations

import gzip
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice, pairwise
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, Field

from apflow import BaseTask, executor_register
from examples.config import LOGS_DIR

_LINE: Final = re.compile(
    r'(?P<client>\S+) \S+ \S+ \[[^:\]]+:(?P<hour>\d\d)[^\]]*\] "[A-Z]+ (?P<path>[^ ?"]+)[^"]*" '
    r'(?P<status>\d{3}) (?P<size>\d+|-) "[^"]*" "[^"]*"\s*\Z'
)
_COUNTERS: Final = ("statuses", "hours", "paths", "clients")
_LINES_BETWEEN_REPORTS: Final = 1000
_TOP: Final = 10


class Part(BaseModel):
    """A range of a log's lines."""

    first_line: Annotated[int, Field(ge=0)] = Field(description="The first line, counted from 0")
    lines: Annotated[int, Field(ge=0)] = Field(description="How many lines")


class SplitInputs(BaseModel):
    """What `split_access_log` takes."""

    log: str = Field("access.log.gz", description="The name of a log that comes with the examples")
    parts: Annotated[int, Field(ge=1, le=100)] = Field(6, description="Into how many parts to split it")


class CountInputs(BaseModel):
    """What `count_log_part` takes."""

    log: str = Field(description="The name of the log")
    part: Part = Field(description="Which lines to count")


@executor_register()
class SplitAccessLog(BaseTask):
    """
    Splits a log into ranges of lines of nearly the same size.

    Args (inputs):
        log (str): The log's name in the examples' data folder (default: access.log.gz)
        parts (int): How many ranges (default: 6)

    Returns:
        dict: `log`, `total_lines`, and `parts` as a list of `{first_line, lines}`

    Example:
        task = create_task(name="split_access_log", inputs={"parts": 4})
    """

    id = "split_access_log"
    name = "Split an access log"
    tags = ["example", "data"]
    examples = [{"log": "access.log.gz", "parts": 6}]
    inputs_schema = SplitInputs

    def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Count the lines and divide them."""
        name, parts = inputs.get("log", "access.log.gz"), inputs.get("parts", 6)
        path = find_log(name)
        if path is None:
            return {"status": "failed", "error": f"There is no log {name!r}", "error_type": "validation_error"}
        self.report_progress(0.1, f"Counting the lines of {name}")
        with open_log(path) as lines:
            total = sum(1 for _ in lines)
        self.log.info("%s has %d lines; splitting them into %d parts", name, total, parts)
        bounds = [total * index // parts for index in range(parts + 1)]
        ranges = [{"first_line": start, "lines": end - start} for start, end in pairwise(bounds)]
        return {"status": "completed", "result": {"log": name, "total_lines": total, "parts": ranges}}

    def get_demo_result(self, task: Any = None, inputs: dict[str, Any] | None = None) -> Any:
        """Return the ranges of a log of 60 lines."""
        ranges = [{"first_line": start, "lines": 10} for start in range(0, 60, 10)]
        return {"log": "access.log.gz", "total_lines": 60, "parts": ranges}


@executor_register()
class CountLogPart(BaseTask):
    """
    Counts one range of a log: status codes, hours, pages, visitors, bytes.

    Args (inputs):
        log (str): The log's name
        part (dict): `{first_line, lines}`

    Returns:
        dict: `lines`, `malformed`, `bytes`, and the counters `statuses`, `hours`, `paths`, `clients`

    Example:
        task = create_task(name="count_log_part", inputs={"part": {"first_line": 0, "lines": 10000}}, …)
    """

    id = "count_log_part"
    name = "Count a part of a log"
    tags = ["example", "data"]
    examples = [{"log": "access.log.gz", "part": {"first_line": 0, "lines": 10_000}}]
    inputs_schema = CountInputs

    def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Count the lines of the range."""
        path, part = find_log(inputs.get("log")), inputs.get("part")
        if path is None:
            return {"status": "failed", "error": "inputs.log names no log", "error_type": "validation_error"}
        if not isinstance(part, dict):
            return {"status": "failed", "error": "inputs.part must be a range", "error_type": "validation_error"}
        first, count = part["first_line"], part["lines"]
        with open_log(path) as lines:
            result = count_lines(self._watched(islice(lines, first, first + count), count))
        if self.is_cancelled():
            return {"status": "failed", "error": "Stopped on request", "error_type": "cancelled", "retryable": False}
        if result["malformed"]:
            self.log.warning("%d lines are not in the combined log format", result["malformed"])
        self.log.info("Counted lines %d to %d", first, first + result["lines"])
        return {"status": "completed", "result": result}

    def _watched(self, lines: Iterable[str], count: int) -> Iterator[str]:
        """Pass the lines on; tell the progress, and end early when the attempt is cancelled."""
        for number, line in enumerate(lines):
            if number % _LINES_BETWEEN_REPORTS == 0:
                self.report_progress(number / count, f"{number:,} of {count:,} lines")
                if self.is_cancelled():
                    return
            yield line

    def get_demo_result(self, task: Any = None, inputs: dict[str, Any] | None = None) -> Any:
        """Return the counts of ten lines."""
        counters = {"statuses": {"200": 9, "404": 1}, "hours": {"12": 10}, "paths": {"/": 10}}
        return {"lines": 10, "malformed": 0, "bytes": 12_345, **counters, "clients": {"192.0.2.1": 10}}


@executor_register()
class MergeLogCounts(BaseTask):
    """
    Brings the counts of all parts together.

    Args (inputs):
        One result of `count_log_part` for each dependency, under the dependency's id

    Returns:
        dict: sums, `statuses`, `hours`, `top_paths` and `top_clients` as `[name, count]`, `client_count`

    Example:
        task = create_task(name="merge_log_counts", dependencies=[{"id": part.id, "required": True} for part in parts])
    """

    id = "merge_log_counts"
    name = "Merge the counts"
    tags = ["example", "data"]
    examples = [{}]
    # Every part has the same keys; merged key by key, the last part would win.
    dependency_inputs = "by_id"

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Add everything up."""
        parts = [value for value in inputs.values() if isinstance(value, dict) and "statuses" in value]
        if not parts:
            return {"status": "failed", "error": "There are no counts to merge", "error_type": "validation_error"}
        self.log.info("Merging the counts of %d parts", len(parts))
        return {"status": "completed", "result": merge_counts(parts)}

    def get_demo_result(self, task: Any = None, inputs: dict[str, Any] | None = None) -> Any:
        """Return the merged counts of ten lines."""
        return merge_counts([CountLogPart().get_demo_result()])


def find_log(name: object) -> Path | None:
    """Return the path of a log of the examples; only names are taken, never paths."""
    if not isinstance(name, str) or Path(name).name != name or not name.endswith(".log.gz"):
        return None
    path = LOGS_DIR / name
    return path if path.is_file() else None


def open_log(path: Path) -> Any:
    """Open a compressed log for reading its lines."""
    return gzip.open(path, "rt", encoding="utf-8", errors="replace")


def count_lines(lines: Iterable[str]) -> dict[str, Any]:
    """Count lines in the combined log format; query strings don't count as pages of their own."""
    total = malformed = size = 0
    counters: dict[str, Counter[str]] = {name: Counter() for name in _COUNTERS}
    for line in lines:
        total += 1
        found = _LINE.match(line)
        if found is None:
            malformed += 1
            continue
        size += int(found["size"]) if found["size"] != "-" else 0
        for name, field in zip(_COUNTERS, ("status", "hour", "path", "client"), strict=True):
            counters[name][found[field]] += 1
    return {"lines": total, "malformed": malformed, "bytes": size, **{name: dict(c) for name, c in counters.items()}}


def merge_counts(parts: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Add up the results of `count_lines`."""
    sums: Counter[str] = Counter()
    counters: dict[str, Counter[str]] = {name: Counter() for name in _COUNTERS}
    for part in parts:
        sums.update({name: part[name] for name in ("lines", "malformed", "bytes")})
        for name in _COUNTERS:
            counters[name].update(part[name])
    return {
        **{name: sums[name] for name in ("lines", "malformed", "bytes")},
        "statuses": dict(sorted(counters["statuses"].items())),
        "hours": dict(sorted(counters["hours"].items())),
        "top_paths": _top(counters["paths"]),
        "top_clients": _top(counters["clients"]),
        "client_count": len(counters["clients"]),
    }


def _top(counter: Counter[str]) -> list[list[Any]]:
    """The largest first; equal ones by name, so that the same log gives the same report."""
    return [list(pair) for pair in sorted(counter.items(), key=lambda pair: (-pair[1], pair[0]))[:_TOP]]
