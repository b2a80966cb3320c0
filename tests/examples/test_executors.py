"""The example executors on their own."""

from __future__ import annotations

import gzip
import socket
import stat
from pathlib import Path
from typing import Any

import pytest

from examples.data.make_access_log import LINES, TARGET, access_log_lines
from examples.executors.api.pages import PageCheck, is_loopback
from examples.executors.data.access_log import CountLogPart, MergeLogCounts, SplitAccessLog, count_lines, merge_counts
from examples.executors.data.networks import NameNetworks
from examples.executors.data.reports import WriteLogReport, WriteReport
from examples.executors.storage.files import SaveReport
from examples.markdown import escape
from tests.executors.conftest import Attempt


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory for one test."""
    monkeypatch.setenv("APFLOW_DATA_DIR", str(tmp_path))
    return tmp_path


def test_the_log_is_what_its_maker_makes() -> None:
    with gzip.open(TARGET, "rt", encoding="ascii") as lines:
        shipped = [line.rstrip("\n") for line in lines]
    assert len(shipped) == LINES >= 50_000
    assert shipped == list(access_log_lines())
    assert all(line.startswith(("192.0.2.", "198.51.100.", "203.0.113.")) for line in shipped)


def test_the_log_is_in_the_combined_format() -> None:
    counts = count_lines(access_log_lines(5000))
    assert counts["lines"] == 5000
    assert 0 < counts["malformed"] < 20
    assert sum(counts["statuses"].values()) == 5000 - counts["malformed"]
    assert not any("?" in path for path in counts["paths"])


def test_parts_add_up_to_the_whole() -> None:
    lines = list(access_log_lines(3000))
    parts = [count_lines(lines[start : start + 700]) for start in range(0, 3000, 700)]
    assert merge_counts(parts) == merge_counts([count_lines(lines)])


@pytest.mark.parametrize("parts", [1, 6, 7])
def test_split_covers_every_line_once(parts: int) -> None:
    result = SplitAccessLog().execute({"parts": parts})["result"]
    ends = [part["first_line"] + part["lines"] for part in result["parts"]]
    assert [part["first_line"] for part in result["parts"]] == [0, *ends[:-1]]
    assert ends[-1] == result["total_lines"] == LINES


@pytest.mark.parametrize("log", ["../data/access.log.gz", "/etc/passwd", "make_access_log.py", "none.log.gz", 5, None])
def test_only_logs_of_the_examples_are_read(log: Any) -> None:
    for answer in (
        SplitAccessLog().execute({"log": log}),
        CountLogPart().execute({"log": log, "part": {"first_line": 0, "lines": 1}}),
    ):
        assert (answer["status"], answer["error_type"]) == ("failed", "validation_error")


def test_count_reports_progress() -> None:
    executor, attempt = CountLogPart(), Attempt()
    executor.context = attempt
    answer = executor.execute({"log": "access.log.gz", "part": {"first_line": 100, "lines": 3000}})
    assert answer["result"]["lines"] == 3000
    assert [message for _, message in attempt.progress] == [
        "0 of 3,000 lines",
        "1,000 of 3,000 lines",
        "2,000 of 3,000 lines",
    ]


def test_count_stops_when_cancelled() -> None:
    executor = CountLogPart()
    executor.context = Attempt(cancelled=True)
    answer = executor.execute({"log": "access.log.gz", "part": {"first_line": 0, "lines": 3000}})
    assert (answer["status"], answer["error_type"]) == ("failed", "cancelled")


@pytest.mark.asyncio
async def test_merge_and_report_name_what_is_missing() -> None:
    assert (await MergeLogCounts().execute({"title": "x"}))["error_type"] == "validation_error"
    answer = await WriteLogReport().execute({"lines": 1})
    assert "statuses" in answer["error"]
    assert (await WriteReport().execute({"title": "x"}))["error_type"] == "validation_error"


def test_networks_fail_without_a_file_and_name_the_smallest(data_dir: Path) -> None:
    answer = NameNetworks().execute({"top_clients": [["192.0.2.1", 5]]})
    assert (answer["status"], answer["error_type"]) == ("failed", "networks_missing")
    (data_dir / "networks.csv").write_text("192.0.2.0/24,Office\n192.0.2.0/28,Lab\n\n")
    result = NameNetworks().execute({"top_clients": [["192.0.2.1", 5], ["192.0.2.99", 4], ["203.0.113.1", 1]]})[
        "result"
    ]
    assert result["client_names"] == {"192.0.2.1": "Lab", "192.0.2.99": "Office"}


@pytest.mark.asyncio
async def test_reports_hold_text_only() -> None:
    sections = {"A|B": {"k": "<img src=x>\n# no"}, "List": ["a", "*b*"], "None": None, "Text": 1234567}
    text = (await WriteReport().execute({"title": "T", "sections": sections}))["result"]["markdown"]
    assert "\\<img src=x\\> \\# no" in text
    assert "1,234,567" in text
    assert "<img" not in text.replace("\\<img", "")
    assert escape("[x](javascript:1)") == "\\[x\\](javascript:1)"


def test_reports_are_saved_below_the_data_directory(data_dir: Path) -> None:
    answer = SaveReport().execute({"name": "a", "markdown": "# Ä"})
    path = data_dir / "reports" / "a.md"
    assert answer["result"] == {"path": str(path), "bytes": 4}
    assert path.read_text() == "# Ä"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    SaveReport().execute({"name": "a", "markdown": "new", "output_dir": str(data_dir / "reports")})
    assert path.read_text() == "new"
    assert [entry.name for entry in path.parent.iterdir()] == ["a.md"]


@pytest.mark.parametrize(
    "inputs",
    [
        {"name": "../a", "markdown": ""},
        {"name": "", "markdown": ""},
        {"name": "a", "markdown": None},
        {"name": "a", "markdown": "", "output_dir": "../out"},
        {"name": "a", "markdown": "", "output_dir": "/tmp"},
    ],
)
def test_nothing_is_saved_elsewhere(inputs: dict[str, Any], data_dir: Path) -> None:
    answer = SaveReport().execute(inputs)
    assert (answer["status"], answer["error_type"]) == ("failed", "validation_error")
    assert list(data_dir.iterdir()) == []


def test_a_failed_write_leaves_nothing(data_dir: Path) -> None:
    (data_dir / "reports" / "a.md").mkdir(parents=True)
    with pytest.raises(OSError, match=r"a\.md"):
        SaveReport().execute({"name": "a", "markdown": "x"})
    assert [entry.name for entry in (data_dir / "reports").iterdir()] == ["a.md"]


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1:8000/", True),
        ("http://localhost/x", True),
        ("http://[::1]:8000/", True),
        ("http://127.0.0.1.example.org/", False),
        ("http://127.0.0.1@example.org/", False),
        ("http://example.org/#127.0.0.1", False),
        ("http://10.0.0.1/", False),
        ("http://0.0.0.0/", False),
        ("http://2130706433/", False),
        ("file:///etc/passwd", False),
        ("http://[::1", False),
    ],
)
def test_only_this_machine_is_checked(url: str, loopback: bool) -> None:
    assert is_loopback(url) is loopback


@pytest.mark.asyncio
async def test_page_check_says_what_is_wrong() -> None:
    answer = await PageCheck().execute({"url": "http://example.org/"})
    assert answer["error_type"] == "validation_error"
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    answer = await PageCheck().execute({"url": f"http://127.0.0.1:{port}/"})
    assert (answer["error_type"], answer["retryable"]) == ("page_unreachable", True)
    assert str(port) in answer["error"]
