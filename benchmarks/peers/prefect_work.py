"""Prefect: one flow; tasks of a fan are submitted, tasks of a chain awaited one by one; its API is a local server."""
# mypy: ignore-errors
# Runs in an environment of its own, where the peer is installed.

import json
import os
import sys
import time

os.environ["PREFECT_HOME"] = os.path.join(os.environ["PEER_HOME"], "home")
os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
os.environ["PREFECT_LOGGING_LEVEL"] = "ERROR"

from prefect import flow, task


@task
def noop(n: int) -> int:
    return n


@flow
def fan(count: int) -> int:
    first = noop(0)
    return len([future.result() for future in [noop.submit(first) for _ in range(count)]])


@flow
def chain(count: int) -> int:
    value = 0
    for _ in range(count):
        value = noop(value)
    return count


work = sys.argv[1]
count = int(work.split("_")[1])
scale = 300 if work.startswith("fan") else 100
run = fan if work.startswith("fan") else chain
run(5)
begun = time.perf_counter()
run(min(count, scale))
print(
    json.dumps({"per_second": min(count, scale) / (time.perf_counter() - begun), "note": f"{min(count, scale)} tasks"})
)
