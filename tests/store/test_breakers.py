"""Circuit breakers in the database: over all workers, under the lock that hands out permits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from orchestration.actions.executors import decide, reset_breaker
from orchestration.actions.runs import why
from orchestration.engine.breaker import Verdict
from orchestration.engine.limits import Release
from orchestration.engine.retry import RetryPolicy
from orchestration.models import AuditEntry, ExecutorConfig, Worker
from orchestration.store.engine_store import PostgresStore
from tests.lock_race import act_after_waiting

from .conftest import new_run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]
Register = Callable[..., str]
GOOD, BAD = Verdict(True), Verdict(False)


@pytest.fixture
def config(transactional_db: None) -> ExecutorConfig:
    return ExecutorConfig.objects.create(executor="echo", breaker_failures=3, breaker_seconds=60)


def state(config: ExecutorConfig) -> tuple[str, int]:
    config.refresh_from_db()
    return config.breaker_state, config.breaker_count


def let_time_pass(config: ExecutorConfig) -> None:
    ExecutorConfig.objects.filter(pk=config.pk).update(breaker_retry_at=datetime.now(UTC) - timedelta(seconds=1))


def open_it(store: PostgresStore, worker: str) -> None:
    assert store.acquire_permits(worker, "echo", 3).granted == 3
    store.release_permits(worker, {"echo": Release(3, (BAD, BAD, BAD))})


def test_failures_of_all_workers_open_it(config: ExecutorConfig, store: PostgresStore, worker: Register) -> None:
    one, two = worker(), worker()
    for each, verdicts in ((one, (BAD, GOOD, BAD)), (two, (BAD,))):
        store.release_permits(each, {"echo": Release(1, verdicts)})
    assert state(config) == ("closed", 2)
    store.release_permits(one, {"echo": Release(1, (BAD,))})
    assert state(config) == ("open", 3)
    grant = store.acquire_permits(two, "echo", 5)
    assert grant.granted == 0 and grant.wait_seconds is not None and 50 < grant.wait_seconds <= 60


def test_one_probe_over_all_workers_closes_it(config: ExecutorConfig, store: PostgresStore, worker: Register) -> None:
    one, two = worker(), worker()
    open_it(store, one)
    let_time_pass(config)
    grants = [store.acquire_permits(each, "echo", 5) for each in (one, two, one)]
    assert [(grant.granted, grant.is_probe) for grant in grants] == [(1, True), (0, False), (0, False)]
    store.release_permits(two, {"echo": Release(1, (Verdict(True, is_probe=True),))})
    assert state(config)[0] == "half_open", "it was the other worker's probe"
    store.release_permits(one, {"echo": Release(1, (Verdict(True, is_probe=True),))})
    assert state(config) == ("closed", 0)
    assert store.acquire_permits(two, "echo", 5).granted == 5


def test_a_probe_that_fails_opens_it_again(config: ExecutorConfig, store: PostgresStore, worker: Register) -> None:
    me = worker()
    open_it(store, me)
    let_time_pass(config)
    assert store.acquire_permits(me, "echo", 5).is_probe
    store.release_permits(me, {"echo": Release(1, (Verdict(False, is_probe=True),))})
    assert state(config) == ("open", 4)


def test_the_probe_of_a_lost_worker_is_free(config: ExecutorConfig, store: PostgresStore, worker: Register) -> None:
    lost, heir = worker(), worker()
    open_it(store, lost)
    let_time_pass(config)
    assert store.acquire_permits(lost, "echo", 1).is_probe
    Worker.objects.filter(pk=lost).update(lease_expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert store.acquire_permits(heir, "echo", 1).is_probe


def test_workers_that_ask_at_the_same_moment_get_one_probe(
    config: ExecutorConfig, store: PostgresStore, worker: Register
) -> None:
    one, two = worker(), worker()
    open_it(store, one)
    let_time_pass(config)

    def probe() -> None:
        # What the first one's probe leaves behind, while the other one has read the row as it was before.
        retry_at = datetime.now(UTC) + timedelta(seconds=60)
        ExecutorConfig.objects.filter(pk=config.pk).update(breaker_prober=one, breaker_retry_at=retry_at)

    assert act_after_waiting(config, probe, lambda: store.acquire_permits(two, "echo", 5)).granted == 0
    config.refresh_from_db()
    assert str(config.breaker_prober_id) == one


def test_a_worker_whose_lease_is_over_gets_nothing(
    config: ExecutorConfig, store: PostgresStore, worker: Register
) -> None:
    ExecutorConfig.objects.update(rate_count=5)
    thawed = worker()
    Worker.objects.filter(pk=thawed).update(lease_expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert store.acquire_permits(thawed, "echo", 5).granted == 0
    assert store.acquire_permits(worker(), "echo", 5).granted == 5, "what it asked for was not used up"


def test_a_probe_whose_grant_got_lost_is_free_after_a_while(
    config: ExecutorConfig, store: PostgresStore, worker: Register, caplog: pytest.LogCaptureFixture
) -> None:
    deaf, other = worker(), worker()
    open_it(store, deaf)
    let_time_pass(config)
    caplog.clear()
    assert store.acquire_permits(deaf, "echo", 1).is_probe  # the answer does not arrive
    assert [store.acquire_permits(each, "echo", 1).granted for each in (deaf, other)] == [0, 0]
    assert state(config) == ("half_open", 3)
    assert config.breaker_retry_at and config.breaker_retry_at > datetime.now(UTC) + timedelta(seconds=50)
    run = new_run()
    store.claim_runs(other, 1)
    assert "one task tries it now" in why(run.task_runs.get(task_uid="a"))
    let_time_pass(config)
    assert store.acquire_permits(other, "echo", 1).is_probe
    store.release_permits(other, {"echo": Release(1, (Verdict(None, is_probe=True),))})
    assert store.acquire_permits(deaf, "echo", 1).is_probe and not caplog.records


def test_other_limits_hold_for_the_probe_too(config: ExecutorConfig, store: PostgresStore, worker: Register) -> None:
    ExecutorConfig.objects.update(max_concurrency=1)
    one, two = worker(), worker()
    assert store.acquire_permits(one, "echo", 1).granted == 1
    store.release_permits(two, {"echo": Release(0, (BAD, BAD, BAD))})
    let_time_pass(config)
    assert store.acquire_permits(two, "echo", 1).granted == 0
    store.release_permits(one, {"echo": Release(1)})
    assert store.acquire_permits(two, "echo", 1).is_probe


def test_an_administrator_closes_it(config: ExecutorConfig, store: PostgresStore, worker: Register) -> None:
    me = worker()
    open_it(store, me)
    reset_breaker("echo")
    reset_breaker("echo")
    assert state(config) == ("closed", 0) and store.acquire_permits(me, "echo", 5).granted == 5
    entry = AuditEntry.objects.get(act="executor.reset_breaker")
    assert entry.detail == {"failures": 3, "state": "open"}
    store.release_permits(me, {"echo": Release(3, (BAD, BAD, BAD))})
    decide("echo", {"breaker_failures": None})
    assert state(config) == ("closed", 0) and config.breaker_retry_at is None


def test_what_waits_for_it_says_so(config: ExecutorConfig, store: PostgresStore, worker: Register) -> None:
    me = worker()
    run = new_run()
    store.claim_runs(me, 1)
    open_it(store, me)
    config.refresh_from_db()
    reason = why(run.task_runs.get(task_uid="a"))
    assert "'echo' failed too often in a row" in reason and f"{config.breaker_retry_at:%H:%M:%S} UTC, in" in reason
    let_time_pass(config)
    assert "one task tries it now" in why(run.task_runs.get(task_uid="a"))


def test_workers_read_the_defaults(store: PostgresStore) -> None:
    decide("echo", {"default_timeout_seconds": 3.5, "default_retry": {"max_attempts": 4}, "default_params": {"a": 1}})
    limit = store.executor_limits()["echo"]
    assert (limit.timeout_seconds, limit.retry, limit.params) == (3.5, RetryPolicy(max_attempts=4), {"a": 1})
    assert not limit.is_limited
