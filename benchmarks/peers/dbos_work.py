"""DBOS: one workflow whose steps are the tasks; steps of a fan run side by side."""
# mypy: ignore-errors
# Runs in an environment of its own, where the peer is installed.

import asyncio
import json
import sys
import time

from dbos import DBOS

DATABASE = "postgresql://postgres@127.0.0.1:5432/apflow_peer_dbos"
DBOS(config={"name": "bench", "system_database_url": DATABASE, "run_admin_server": False, "log_level": "ERROR"})


@DBOS.step()
async def noop(n: int) -> int:
    return n


@DBOS.workflow()
async def fan(count: int) -> int:
    await noop(0)
    return len(await asyncio.gather(*(noop(n) for n in range(count))))


@DBOS.workflow()
async def chain(count: int) -> int:
    for n in range(count):
        await noop(n)
    return count


async def main(work: str) -> None:
    count = int(work.split("_")[1])
    workflow = fan if work.startswith("fan") else chain
    await workflow(min(count, 20))
    begun = time.perf_counter()
    await workflow(count)
    print(json.dumps({"per_second": count / (time.perf_counter() - begun)}))


DBOS.launch()
asyncio.run(main(sys.argv[1]))
DBOS.destroy()
