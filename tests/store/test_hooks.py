"""What the store keeps of hooks: rows of the code's, and events after the end of a run."""

from __future__ import annotations

import threading

import pytest
from django.utils import timezone

from orchestration.engine.changes import LateEvent
from orchestration.engine.hook_plan import HookFilter
from orchestration.models import HookRegistration, Run, RunEvent
from orchestration.store.connection import close_thread_connection, transaction
from orchestration.store.engine_store import PostgresStore
from orchestration.store.hooks import list_hooks, read_hook_rules
from tests.hook_scene import make_hook
from tests.pages.scene import make_run, make_tree

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


def listed() -> list[tuple[str, str, int]]:
    return list(HookRegistration.objects.in_order().values_list("event", "target", "position"))


def report(*names: str) -> None:
    with transaction() as cursor:
        list_hooks(cursor, [("pre", name) for name in names])


def test_hooks_of_the_code_get_rows_in_their_order_and_keep_them() -> None:
    report("b.hook", "a.hook")
    assert listed() == [("pre", "b.hook", 1), ("pre", "a.hook", 2)]
    rules = read_hook_rules(-1)
    assert rules is not None and [rule.target for rule in rules.rules] == ["b.hook", "a.hook"]
    HookRegistration.objects.filter(target="b.hook").update(enabled=False, position=9)
    report("a.hook", "b.hook", "c.hook")
    assert listed() == [("pre", "a.hook", 2), ("pre", "b.hook", 9), ("pre", "c.hook", 10)]
    assert not HookRegistration.objects.get(target="b.hook").enabled
    report("c.hook")
    again = read_hook_rules(-1)
    assert again is not None and read_hook_rules(again.version) is None, "what is known is not read again"


def test_workers_that_start_at_once_list_a_hook_once() -> None:
    def work() -> None:
        report("a.hook", "b.hook")
        close_thread_connection()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert listed() == [("pre", "a.hook", 1), ("pre", "b.hook", 2)]


def test_a_name_that_is_taken_is_no_obstacle() -> None:
    make_hook("a.hook", target="other:function")
    report("a.hook")
    assert HookRegistration.objects.get(origin="decorator").name == "a.hook (code)"


def test_rules_hold_what_hooks_are_called_for() -> None:
    tree = make_tree()
    hook = make_hook(every_tree=False, tags=["etl"], executors=["echo"], on_error="fail", timeout_seconds=2.5)
    hook.trees.add(tree)
    rules = read_hook_rules(-1)
    assert rules is not None
    (rule,) = rules.rules
    assert rule.filter == HookFilter(frozenset({str(tree.pk)}), frozenset({"etl"}), frozenset({"echo"}))
    assert (rule.pk, rule.on_error, rule.timeout_seconds, rule.by_code) == (hook.pk, "fail", 2.5, False)
    tree.delete()
    rules = read_hook_rules(-1)
    assert rules is not None and rules.rules[0].filter.trees == frozenset(), "of no tree, and not of every one"


def test_an_event_after_the_end_comes_last_and_only_to_the_run_that_ended() -> None:
    run = make_run(make_tree(), "completed")
    live = make_run(make_tree(), "in_progress")
    event = LateEvent("run.hooks", '{"hooks": []}', timezone.now())
    store = PostgresStore()
    store.append_event(str(run.pk), run.epoch, event)
    store.append_event(str(run.pk), run.epoch + 1, event)
    store.append_event(str(live.pk), live.epoch, event)
    assert list(RunEvent.objects.filter(type="run.hooks").values_list("run_id", "seq")) == [(run.pk, run.last_seq + 1)]
    assert Run.objects.get(pk=run.pk).last_seq == run.last_seq + 1
    assert Run.objects.get(pk=live.pk).last_seq == live.last_seq
