"""Building engines for this installation: its database, its settings, its executors."""

from __future__ import annotations

import gc

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import close_old_connections

from orchestration import __version__
from orchestration.actions.hook_webhooks import tell_webhook
from orchestration.discovery import failures
from orchestration.engine.engine import Engine, EngineOptions, Surroundings
from orchestration.store.engine_store import PostgresStore
from orchestration.store.made_executors import read_made
from orchestration.store.queries import StoredQueries
from orchestration.store.vault import read_secrets


def calm_collector() -> None:
    """Let Python's cyclic garbage collector look less often, in a process whose work is the engine.

    A run of 100,000 tasks is millions of objects that live long; looking through them again and again took a third of
    the worker's time. What the process starts with is never looked at again.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def make_engine(*, slots: int, drain_seconds: float, accepts_runs: bool = True) -> Engine:
    """Build an engine; it does nothing until it is started.

    Connections of Django's ORM that broke are let go of: in threads around each call of user code, in lanes after an
    attempt that raised (Django's async ORM keeps its connection in a thread of asgiref's).
    """
    options = EngineOptions(
        slots=slots,
        lease_seconds=settings.APFLOW_LEASE_SECONDS,
        drain_seconds=drain_seconds,
        accepts_runs=accepts_runs,
        version=__version__,
        child_setup="orchestration.discovery:set_up",
    )
    surroundings = Surroundings(
        StoredQueries(),
        around_thread=close_old_connections,
        tidy=sync_to_async(close_old_connections),
        secrets=read_secrets,
        made=read_made,
        failures=lambda: [{"module": failure.module, "error": failure.error[:500]} for failure in failures],
        webhooks=tell_webhook,
    )
    return Engine(PostgresStore(), options, surroundings)
