"""PB-RES: results and their storage."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import override_settings

from apflow import InvalidDefinitionError, create_task
from orchestration.discovery import discover
from orchestration.engine.config import EngineConfig, configure

from .conftest import run_tree
from .executors import COUNTS, VALUES

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio, pytest.mark.database]


def returning(key: str, value: Any) -> Any:
    VALUES[key] = value
    return create_task(name=key, executor="bug_return", inputs={"key": key})


async def test_res_1_nul_in_a_result_fails_the_task_with_its_place(manager: Any) -> None:
    done = await run_tree(manager, returning("nul", {"s": ["a\x00b"]}), create_task(name="next", executor="bug_count"))
    assert done["nul"].status == "failed"
    assert "$.s[0]" in done["nul"].error and "NUL" in done["nul"].error
    assert done["next"].status == "completed", "the worker goes on"


async def test_res_1_nul_in_an_error_is_stored_readably(manager: Any) -> None:
    done = await run_tree(manager, create_task(name="nul", executor="bug_raise_async", inputs={"what": "NUL"}))
    assert done["nul"].status == "failed"
    assert done["nul"].error == "ValueError: x\ufffdy\ufffdz"


@pytest.mark.parametrize("bad", ["a\x00b", "half \ud800"])
async def test_res_1_names_and_inputs_with_nul_are_refused(manager: Any, bad: str) -> None:
    for fields in ({"name": bad}, {"name": "ok", "inputs": {"x": bad}}):
        with pytest.raises(InvalidDefinitionError):
            await manager.task_repository.create_task(executor="bug_count", **fields)


async def test_res_2_a_result_over_the_limit_fails_with_size_and_limit(manager: Any) -> None:
    limit = 10_000
    with override_settings(APFLOW_MAX_RESULT_BYTES=limit):
        discover()
        try:
            around = {f"size_{extra:+d}": "x" * (limit - 2 + extra) for extra in (-1, 0, 1)}
            first, *others = [returning(key, value) for key, value in around.items()]
            edges = [{"id": others[-1].id, "required": True}]
            after = create_task(name="after", executor="bug_count", dependencies=edges)
            done = await run_tree(manager, first, *others, after)
        finally:
            configure(EngineConfig())
    assert [done[key].status for key in around] == ["completed", "completed", "failed"]
    assert "10,001" in done["size_+1"].error and "10,000" in done["size_+1"].error
    assert done["size_+0"].result == around["size_+0"], "the full value is stored"
    assert done["after"].status == "failed" and after.id not in COUNTS


async def test_res_2_eight_megabytes_reach_the_dependent_whole(manager: Any) -> None:
    big = returning("big", {"text": "x" * (8 * 1024 * 1024)})
    after = create_task(
        name="after",
        executor="echo",
        inputs={"length": "{{ tasks.big.result.text | length }}", "text": ""},
        dependencies=[{"id": big.id, "required": True}],
    )
    done = await run_tree(manager, big, after)
    assert done["after"].result["result"]["length"] == 8 * 1024 * 1024


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"a": float("nan")}, "$.a"),
        ({"b": [1, float("inf")]}, "$.b[1]"),
        (float("-inf"), "$"),
        ({"when": object()}, "$.when"),
        ({1, 2}, "$"),
        ({"deep": [{"x y": b"bytes"}]}, '$.deep[0]["x y"]'),
    ],
)
async def test_res_3_what_json_cant_hold_fails_with_its_path(manager: Any, value: Any, place: str) -> None:
    done = await run_tree(manager, returning("bad", value))
    assert (done["bad"].status, done["bad"].error_type) == ("failed", "result_not_storable")
    assert f"{place}: " in done["bad"].error


async def test_res_3_a_result_that_contains_itself_fails(manager: Any) -> None:
    loop: dict[str, Any] = {}
    loop["self"] = loop
    done = await run_tree(manager, returning("loop", loop))
    assert done["loop"].status == "failed"
    assert "contains itself" in done["loop"].error
