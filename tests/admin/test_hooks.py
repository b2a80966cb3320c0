"""Hooks in the admin: listed in their order, arranged by administrators, tried out without a trace."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apflow import clear_config, register_pre_hook
from orchestration.actions.hook_stats import hook_stats
from orchestration.actions.hook_words import filter_words
from orchestration.actions.hooks import hooks_version, order_hooks
from orchestration.engine.duration_scale import bucket_of
from orchestration.engine.hook_counts import BUCKETS, HookCount
from orchestration.models import AuditEntry, HookRegistration, HookUse, TaskRun, Worker
from orchestration.store.hooks import add_hook_counts
from tests import hook_functions
from tests.hook_scene import FUNCTIONS, allowing, make_hook
from tests.pages.scene import make_run, make_tree, make_user, make_worker, task_run
from tests.webhook_scene import make_webhook

pytestmark = pytest.mark.django_db

LIST = "admin:orchestration_hookregistration_changelist"


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    clear_config()
    hook_functions.CALLS.clear()
    with allowing(FUNCTIONS):
        yield
    clear_config()


def page(name: str, *args: Any) -> str:
    return reverse(f"admin:orchestration_hookregistration_{name}", args=args)


FIELDS = {
    "name": "Stamp", "event": "pre", "target": f"{FUNCTIONS}:stamp", "webhook": "", "enabled": "on", "on_error": "log",
    "timeout_seconds": "5", "slow_seconds": "0.5", "tags": "", "executors": [], "statuses": [], "trees": [],
}  # fmt: skip


def send(browser: Client, address: str, **fields: Any) -> Any:
    return browser.post(address, {name: value for name, value in {**FIELDS, **fields}.items() if value is not None})


def problems(response: Any) -> dict[str, list[str]]:
    assert response.status_code == 200
    found: dict[str, list[str]] = response.context["adminform"].form.errors
    return found


def names(event: str = "pre") -> list[str]:
    return [hook.name for hook in HookRegistration.objects.filter(event=event).in_order()]


def some_task_run(**fields: Any) -> TaskRun:
    run = make_run(make_tree(), "completed")
    row = task_run(run, 0, "completed", run.queued_at, name="Fetch", inputs={"n": 1}, **fields)
    row.save()
    return row


def test_a_hook_is_made_changed_and_deleted(browser: Client, ada: User) -> None:
    tree = make_tree()
    given = {"executors": ["echo", "sleep"], "trees": [str(tree.pk)], "tags": "etl, nightly"}
    assert send(browser, page("add"), **given).status_code == 302
    hook = HookRegistration.objects.get()
    assert (hook.target, hook.timeout_seconds, hook.slow_seconds) == (f"{FUNCTIONS}:stamp", 5, 0.5)
    assert (hook.tags, hook.executors, list(hook.trees.all())) == (["etl", "nightly"], ["echo", "sleep"], [tree])
    assert (hook.position, hook.every_tree, hook.origin, hook.updated_by) == (1, False, "admin", ada)
    version = hooks_version()
    assert (
        send(browser, page("change", hook.pk), event="post", target=f"{FUNCTIONS}:count", enabled=None).status_code
        == 302
    )
    hook = HookRegistration.objects.get()
    assert (hook.event, hook.enabled, hook.every_tree, hook.tags) == ("post", False, True, [])
    assert hooks_version() > version, "workers look at the version alone"
    assert browser.post(page("delete", hook.pk), {"post": "yes"}).status_code == 302
    assert not HookRegistration.objects.exists()
    acts = AuditEntry.objects.filter(act__startswith="hook.").order_by("id").values_list("act", "subject", "username")
    assert list(acts) == [(f"hook.{act}", "Stamp", "ada") for act in ("create", "change", "off", "delete")]
    changed = AuditEntry.objects.get(act="hook.change").detail["changed"]
    assert changed["event"] == ["pre", "post"] and changed["trees"] == [[str(tree.pk)], []]


def test_a_hook_whose_trees_were_deleted_is_not_for_every_tree_unless_that_is_said(browser: Client) -> None:
    tree, other = make_tree("gone"), make_tree("other")
    assert send(browser, page("add"), trees=[str(tree.pk)]).status_code == 302
    hook = HookRegistration.objects.get()
    change = page("change", hook.pk)
    assert "everywhere" not in browser.get(change).context["adminform"].form.fields
    tree.delete()
    assert "called for none" in browser.get(change).content.decode()
    refused = problems(send(browser, change, slow_seconds="0.7"))
    assert list(refused) == ["trees"] and "every tree" in refused["trees"][0]
    assert list(problems(send(browser, change, trees=[str(other.pk)], everywhere="on"))) == ["everywhere"]
    hook.refresh_from_db()
    assert (hook.every_tree, hook.slow_seconds) == (False, 0.5)
    assert send(browser, change, trees=[str(other.pk)]).status_code == 302
    hook.refresh_from_db()
    assert (hook.every_tree, list(hook.trees.all())) == (False, [other])
    other.delete()
    assert send(browser, change, everywhere="on").status_code == 302
    hook.refresh_from_db()
    assert hook.every_tree
    detail = AuditEntry.objects.filter(act="hook.change").latest("id").detail
    assert detail["changed"]["every_tree"] == [False, True]
    assert send(browser, change, slow_seconds="0.7").status_code == 302, "one for every tree needs no word"


def test_executors_that_only_workers_have_can_be_chosen(browser: Client) -> None:
    make_worker(executors=["echo", "far_away"])
    assert send(browser, page("add"), executors=["far_away"]).status_code == 302
    hook = HookRegistration.objects.get()
    Worker.objects.all().delete()
    assert send(browser, page("change", hook.pk), executors=["far_away"]).status_code == 302, "what was chosen stays"
    assert list(problems(send(browser, page("add"), name="Two", executors=["far_away"]))) == ["executors"]


def test_a_webhook_can_be_a_hook_and_stays_while_it_is(browser: Client) -> None:
    webhook = make_webhook("https://example.org/in")
    assert send(browser, page("add"), target="", webhook=str(webhook.pk)).status_code == 302
    assert HookRegistration.objects.get().webhook == webhook
    assert "CRM" in browser.get(reverse(LIST)).content.decode()
    with pytest.raises(IntegrityError), transaction.atomic():
        webhook.delete()


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"name": ""}, "name", "required"),
        ({"target": ""}, "target", "Name a function, or choose a webhook."),
        ({"target": "os:system"}, "target", "The module os is not allowed"),
        ({"target": f"{FUNCTIONS}:nothing"}, "target", "There is no nothing in"),
        ({"target": f"{FUNCTIONS}:NOT_A_FUNCTION"}, "target", "can't be called: it is a str"),
        ({"target": f"{FUNCTIONS}.missing:stamp"}, "target", "can't be imported: ModuleNotFoundError"),
        ({"target": f"{FUNCTIONS}:count"}, "target", "Hooks of this event are called with (task)"),
        ({"event": "post"}, "target", "called with (task, inputs, result)"),
        ({"timeout_seconds": "0"}, "timeout_seconds", "Must be 0.01 to 3600 seconds"),
        ({"slow_seconds": "99999"}, "slow_seconds", "Must be 0.01 to 3600 seconds"),
        ({"statuses": ["failed"]}, "statuses", "there is no outcome yet"),
        ({"executors": ["nobody"]}, "executors", "not one of the available choices"),
        (
            {"event": "on_tree_completed", "target": f"{FUNCTIONS}:ended", "on_error": "fail"},
            "on_error",
            "Can only be log here",
        ),
        (
            {"event": "on_tree_completed", "target": f"{FUNCTIONS}:ended", "executors": ["echo"]},
            "executors",
            "events of trees have no executor",
        ),
        (
            {"event": "on_tree_completed", "target": f"{FUNCTIONS}:ended", "statuses": ["failed"]},
            "statuses",
            "Can be completed at this event, not 'failed'",
        ),
    ],
)
def test_a_mistake_is_refused_beside_its_field(browser: Client, fields: dict[str, Any], field: str, words: str) -> None:
    found = problems(send(browser, page("add"), **fields))
    assert list(found) == [field]
    assert words in " ".join(found[field])
    assert not HookRegistration.objects.exists()


def test_with_no_module_allowed_the_pages_say_what_to_do(browser: Client) -> None:
    with allowing():
        assert "APFLOW_HOOK_MODULES" in browser.get(reverse(LIST)).content.decode()
        assert "APFLOW_HOOK_MODULES" in " ".join(problems(send(browser, page("add")))["target"])


def test_two_of_one_name_are_refused_at_one_event(browser: Client) -> None:
    make_hook()
    assert "is called so" in " ".join(problems(send(browser, page("add")))["name"])


def test_a_function_and_a_webhook_are_one_too_many(browser: Client) -> None:
    webhook = make_webhook("https://example.org/in")
    found = problems(send(browser, page("add"), webhook=str(webhook.pk)))
    assert "not both" in " ".join(found["target"])


@pytest.mark.parametrize(
    "fields",
    [
        {"event": "sometime"},
        {"target": ""},
        {"origin": "decorator", "target": ""},
        {"on_error": "no"},
        {"timeout_seconds": 0},
        {"statuses": ["failed"]},
        {"event": "on_tree_failed", "executors": ["echo"]},
    ],
)
def test_the_database_holds_what_must_hold(fields: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_hook(**fields)


def test_hooks_of_the_code_are_listed_switched_and_not_deleted(browser: Client) -> None:
    register_pre_hook(hook_functions.stamp)
    shown = browser.get(reverse(LIST)).content.decode()
    hook = HookRegistration.objects.get()
    assert (hook.name, hook.origin, hook.target) == (f"{FUNCTIONS}.stamp", "decorator", f"{FUNCTIONS}.stamp")
    assert hook.name in shown and ">gone<" not in shown
    browser.get(reverse(LIST))
    assert HookRegistration.objects.count() == 1
    form = browser.get(page("change", hook.pk)).content.decode()
    assert "The code registers this hook" in form and 'name="target"' not in form
    sent = send(browser, page("change", hook.pk), on_error="fail", name="Mine", target="os:system", executors=["echo"])
    assert sent.status_code == 302
    hook.refresh_from_db()
    assert (hook.name, hook.on_error, hook.executors) == (f"{FUNCTIONS}.stamp", "fail", ["echo"])
    assert browser.post(page("delete", hook.pk), {"post": "yes"}).status_code == 403
    found = problems(send(browser, page("add")))
    assert "the code registers this function already" in " ".join(found["target"]).lower()


def test_what_no_process_registers_any_more_is_gone_and_may_be_deleted(browser: Client) -> None:
    hook = make_hook(f"{FUNCTIONS}.stamp", origin="decorator", target=f"{FUNCTIONS}.stamp")
    assert ">gone<" in browser.get(reverse(LIST)).content.decode()
    worker = make_worker(hooks=[f"pre {FUNCTIONS}.stamp"])
    assert ">gone<" not in browser.get(reverse(LIST)).content.decode()
    assert browser.post(page("delete", hook.pk), {"post": "yes"}).status_code == 403
    worker.delete()
    assert browser.post(page("delete", hook.pk), {"post": "yes"}).status_code == 302
    assert not HookRegistration.objects.exists()


def test_they_are_put_in_order_by_hand_and_by_arrows(browser: Client, ada: User) -> None:
    a, b, c = (make_hook(name) for name in "abc")
    order = reverse("admin:hooks_order")
    sent = {"version": hooks_version(), "event": "pre", "ids": f"{c.pk} {a.pk} {b.pk}"}
    assert browser.post(order, sent).headers["Location"] == f"{reverse(LIST)}#pre"
    assert names() == ["c", "a", "b"]
    response = browser.post(order, {"version": hooks_version(), "move": f"{b.pk} -1"})
    assert response.headers["Location"] == f"{reverse(LIST)}#hook-{b.pk}-up"
    assert names() == ["c", "b", "a"]
    assert browser.post(order, {"version": hooks_version(), "move": f"{a.pk} 1"}).status_code == 302
    assert names() == ["c", "b", "a"], "at the end it stays there"
    assert AuditEntry.objects.filter(act="hook.order").first().detail["after"] == ["c", "b", "a"]  # type: ignore[union-attr]


def test_of_two_who_order_at_once_the_second_is_told(browser: Client, ada: User) -> None:
    a, b = (make_hook(name) for name in "ab")
    seen = hooks_version()
    order_hooks("pre", [b.pk, a.pk], seen, user=ada)
    response = browser.post(
        reverse("admin:hooks_order"), {"version": seen, "event": "pre", "ids": f"{a.pk} {b.pk}"}, follow=True
    )
    assert "Somebody has changed the hooks in the meantime" in response.content.decode()
    assert names() == ["b", "a"]


@pytest.mark.parametrize("ids", ["", "1 2", "x", "99"])
def test_an_order_that_is_none_moves_nothing(browser: Client, ids: str) -> None:
    make_hook("a")
    response = browser.post(reverse("admin:hooks_order"), {"version": hooks_version(), "event": "pre", "ids": ids})
    assert response.status_code in (302, 404)
    assert not AuditEntry.objects.filter(act="hook.order").exists()


def test_one_is_switched_in_the_list(browser: Client) -> None:
    hook = make_hook()
    for enabled, act in (("false", "hook.off"), ("true", "hook.on")):
        browser.post(reverse("admin:hook_switch", args=[hook.pk]), {"enabled": enabled})
        hook.refresh_from_db()
        assert hook.enabled is (enabled == "true")
        assert AuditEntry.objects.filter(act=act).exists()


@pytest.mark.django_db(transaction=True)
def test_calls_are_added_up_and_shown(browser: Client) -> None:
    hook, other = make_hook(), make_hook("other")
    buckets = [0] * BUCKETS
    buckets[bucket_of(40, BUCKETS)] = 10
    for _ in range(2):
        add_hook_counts({hook.pk: HookCount(10, 1, 2, list(buckets)), 999_999: HookCount(1)})
    HookUse.objects.create(hook=other, day=timezone.now() - timedelta(days=8), runs=5, buckets=buckets)
    stats = hook_stats([hook.pk, other.pk])[hook.pk]
    assert (stats.runs, stats.errors, stats.slow) == (20, 2, 4)
    assert 40 <= (stats.p95_ms or 0) <= 50.4
    shown = " ".join(browser.get(reverse(LIST)).content.decode().split())
    assert "20 calls" in shown and "2 errors" in shown and "slow 4\u00d7" in shown
    assert shown.count("not called") == 1, "what lies a week back is not counted"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "every task"),
        ({"event": "on_tree_failed", "statuses": ["failed"]}, "runs that ended failed"),
        ({"executors": ["a", "b", "c", "d", "e"], "tags": ["etl"]}, "tasks in trees tagged etl, by a, b, c or 2 more"),
        ({"event": "post", "statuses": ["failed"]}, "tasks that failed"),
        ({"every_tree": False}, "tasks in trees that were deleted: none"),
        ({"event": "on_tree_started"}, "every run"),
    ],
)
def test_what_it_is_called_for_is_said_in_words(fields: dict[str, Any], words: str) -> None:
    assert filter_words(make_hook(**fields)) == words


def test_the_list_takes_few_queries_whatever_is_in_it(browser: Client) -> None:
    tree = make_tree()
    for number in range(40):
        make_hook(f"hook {number}").trees.add(tree)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert browser.get(reverse(LIST)).status_code == 200
    assert len(queries) <= 15


# --- trials -----------------------------------------------------------------------------------------------------------


def try_out(browser: Client, hook: HookRegistration, row: TaskRun) -> str:
    response = browser.post(reverse("admin:hook_test", args=[hook.pk]), {"recent": "", "other": str(row.pk)})
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_a_trial_shows_what_a_function_changed_and_stores_nothing(browser: Client) -> None:
    row = some_task_run(resolved_inputs={"n": 1, "deep": {"a": 1}})
    shown = try_out(browser, make_hook(executors=["sleep"]), row)
    assert hook_functions.CALLS == [("stamp", "Fetch")]
    assert '<th scope="row">stamped</th><td><code>—</code></td><td><code>true</code></td>' in shown
    assert '<th scope="row">n</th><td><code>1</code></td><td><code>—</code></td>' in shown
    assert "By its filters it would not be called" in shown
    row.refresh_from_db()
    assert row.resolved_inputs == {"n": 1, "deep": {"a": 1}}
    entry = AuditEntry.objects.get(act="hook.test")
    assert (entry.username, entry.detail["task_run"], entry.detail["error"]) == ("ada", row.pk, "")


def test_a_trial_shows_what_was_returned_and_raised(browser: Client) -> None:
    row = some_task_run(result={"rows": 3})
    shown = try_out(browser, make_hook(event="post", target=f"{FUNCTIONS}:count"), row)
    assert "&quot;status&quot;:&quot;completed&quot;" in shown and "&quot;rows&quot;:3" in shown
    shown = try_out(browser, make_hook("veto", target=f"{FUNCTIONS}:veto"), row)
    assert "ValueError: not Fetch" in shown and "hook_functions.py" in shown
    tree_hook = make_hook(event="on_tree_completed", target=f"{FUNCTIONS}:ended")
    assert "Nightly import completed" in try_out(browser, tree_hook, row)


@pytest.mark.parametrize("name", ["dawdle", "block"])
def test_a_trial_of_a_hook_that_takes_long_ends(browser: Client, name: str) -> None:
    hook = make_hook(target=f"{FUNCTIONS}:{name}", timeout_seconds=0.05)
    shown = try_out(browser, hook, some_task_run())
    assert "TimeoutError" in shown or "It took longer than 0.05 s" in shown


@pytest.mark.django_db(transaction=True)
def test_in_a_trial_the_repository_changes_nothing(browser: Client) -> None:
    row = some_task_run()
    shown = try_out(browser, make_hook(target=f"{FUNCTIONS}:raise_priority"), row)
    assert f"update_task(&#x27;{row.task_uid}&#x27;, priority=0)" in shown and "hook-good" in shown


def test_a_trial_of_what_only_workers_have_says_so(browser: Client) -> None:
    hook = make_hook("shop.hooks.check", origin="decorator", target="shop.hooks.check")
    assert "only workers can call it" in try_out(browser, hook, some_task_run())


@pytest.mark.parametrize("other", ["", "99999999", "abc", "/runs/x/tasks/"])
def test_a_task_run_that_is_none_is_refused(browser: Client, other: str) -> None:
    hook = make_hook()
    response = browser.post(reverse("admin:hook_test", args=[hook.pk]), {"recent": "", "other": other})
    assert response.context["form"].errors and response.context["trial"] is None
    assert not hook_functions.CALLS


def test_a_task_run_is_found_by_its_address_or_in_the_list(browser: Client) -> None:
    row, hook = some_task_run(), make_hook()
    address = reverse("admin:hook_test", args=[hook.pk])
    assert f'value="{row.pk}"' in browser.get(address).content.decode()
    browser.post(address, {"recent": str(row.pk), "other": ""})
    browser.post(address, {"recent": "", "other": f"https://example.org/runs/{row.run_id}/tasks/{row.pk}/"})
    assert len(hook_functions.CALLS) == 2


# --- who --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["viewer", "operator", "editor", None])
def test_nobody_else_gets_in(role: str | None) -> None:
    user = make_user("eve", is_staff=True)
    if role is not None:
        user.groups.add(Group.objects.get(name=role))
    browser, hook = Client(), make_hook()
    browser.force_login(user)
    for address in (reverse(LIST), page("add"), page("change", hook.pk), reverse("admin:hook_test", args=[hook.pk])):
        assert browser.get(address).status_code == 403, address
    order = reverse("admin:hooks_order")
    for address in (order, reverse("admin:hook_switch", args=[hook.pk]), reverse("admin:hook_test", args=[hook.pk])):
        assert browser.post(address, {"version": 1, "event": "pre", "ids": str(hook.pk)}).status_code == 403, address
    assert send(browser, page("add"), name="mine").status_code == 403
    assert browser.post(page("delete", hook.pk), {"post": "yes"}).status_code == 403
    assert names() == ["Stamp"] and not hook_functions.CALLS


def test_strangers_are_sent_to_the_door() -> None:
    for address in (reverse(LIST), reverse("admin:hook_test", args=[make_hook().pk])):
        assert Client().get(address).status_code == 302
    checked = Client(enforce_csrf_checks=True)
    checked.force_login(make_user("ada", is_superuser=True, is_staff=True))
    assert checked.post(reverse("admin:hooks_order"), {"version": 0, "event": "pre", "ids": ""}).status_code == 403
