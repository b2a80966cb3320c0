"""Celery: a group and a chain of no-ops, by one worker process with eight threads, through Redis."""
# mypy: ignore-errors
# Runs in an environment of its own, where the peer is installed.

import json
import subprocess
import sys
import time

from celery import Celery, chain, group

app = Celery("celery_work", broker="redis://127.0.0.1:6379/14", backend="redis://127.0.0.1:6379/15")
app.conf.worker_hijack_root_logger = False


@app.task(name="noop")
def noop(*_: object) -> int:
    return 1


def main(work: str) -> None:
    count = int(work.split("_")[1])
    from pathlib import Path

    command = [sys.executable, "-m", "celery", "-A", "celery_work", "worker", "--pool", "threads", "--concurrency", "8"]
    worker = subprocess.Popen(
        [*command, "--loglevel", "ERROR", "--without-gossip", "--without-mingle"],
        cwd=Path(__file__).parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        noop.delay().get(timeout=30)
        begun = time.perf_counter()
        if work.startswith("fan"):
            group(noop.s(n) for n in range(count)).apply_async().get(timeout=80)
        else:
            chain(*(noop.s() for _ in range(count))).apply_async().get(timeout=80)
        print(json.dumps({"per_second": count / (time.perf_counter() - begun)}))
    finally:
        worker.terminate()
        worker.wait()


if __name__ == "__main__":
    main(sys.argv[1])
