"""Procrastinate: a fan is as many jobs, deferred in one batch; a chain is jobs that defer the next one."""
# mypy: ignore-errors
# Runs in an environment of its own, where the peer is installed.

import asyncio
import json
import sys
import time

import procrastinate

DATABASE = "postgresql://postgres@127.0.0.1:5432/apflow_peer_procrastinate"
app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=DATABASE, min_size=4, max_size=24))


@app.task(queue="bench")
async def noop() -> None:
    """Do nothing."""


@app.task(queue="bench")
async def link(left: int) -> None:
    if left > 1:
        await link.defer_async(left=left - 1)


async def drain() -> None:
    await app.run_worker_async(queues=["bench"], wait=False, concurrency=20, install_signal_handlers=False)


async def main(work: str) -> None:
    count = int(work.split("_")[1])
    async with app.open_async():
        try:
            await app.schema_manager.apply_schema_async()
        except Exception:
            pass
        await drain()
        begun = time.perf_counter()
        if work.startswith("fan"):
            await noop.batch_defer_async(*({} for _ in range(count)))
            await drain()
        else:
            await link.defer_async(left=count)
            while await app.job_manager.connector.execute_query_one_async(
                "SELECT count(*) AS n FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
            ) != {"n": 0}:
                await drain()
        print(json.dumps({"per_second": count / (time.perf_counter() - begun)}))


asyncio.run(main(sys.argv[1]))
