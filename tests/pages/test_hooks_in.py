"""Requests to incoming webhooks, as other programs send them."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client

import orchestration.executors.echo  # noqa: F401 - registers it
from orchestration.actions.incoming_webhooks import NewIncoming, change_incoming, create_incoming
from orchestration.engine.webhook_signing import sign
from orchestration.models import AuditEntry, IncomingWebhook, Run, Tree, WebhookReceipt
from orchestration.store.prune import delete_runs
from tests.lock_race import act_after_waiting
from tests.pages.scene import make_tree, make_user

SCHEMA = {
    "type": "object",
    "properties": {"day": {"type": "string"}, "count": {"type": "integer"}},
    "required": ["day"],
    "additionalProperties": False,
}
MAPPING = {"day": "{{ body.day }}", "count": "{{ body['items'] | length }}"}
BODY = {"day": "2026-11-29", "items": [1, 2, 3], "action": "opened"}

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    user = make_user("olga")
    user.groups.add(Group.objects.get(name="operator"))
    return user


def make(owner: User, **fields: Any) -> NewIncoming:
    tree = make_tree(parameters=SCHEMA)
    values = {"name": "Orders", "tree": tree, "responsible": owner, "parameters": MAPPING, **fields}
    return create_incoming(values, user=owner)


def send(
    made: NewIncoming, body: Any = BODY, *, name: str = "msg_1", off: int = 0, headers: dict[str, str] | None = None
) -> Any:
    """Send a request as the scheme `standard` has it."""
    headers = headers or {}
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    at = int(time.time()) + off
    proof = {"webhook-id": name, "webhook-timestamp": str(at)}
    if made.secret is not None:
        proof["webhook-signature"] = sign(made.secret, name, at, raw)
    browser = Client(enforce_csrf_checks=True, headers=proof | headers)
    return browser.post(f"/hooks/in/{made.token}", raw, content_type=headers.get("content-type", "application/json"))


def receipts() -> list[tuple[str, int]]:
    return list(WebhookReceipt.objects.order_by("id").values_list("outcome", "count"))


def test_a_request_starts_a_run_with_mapped_parameters(owner: User) -> None:
    made = make(owner)
    response = send(made)
    run = Run.objects.get()
    assert (response.status_code, response.json()) == (202, {"run": str(run.pk)})
    assert run.parameters == {"day": "2026-11-29", "count": 3}
    assert (run.trigger, run.requested_by) == ("webhook", owner)
    receipt = WebhookReceipt.objects.get()
    assert (receipt.outcome, receipt.run, receipt.address) == ("started", run, "127.0.0.1")
    raw = json.dumps(BODY).encode()
    assert (receipt.body_bytes, receipt.body_digest) == (len(raw), hashlib.sha256(raw).hexdigest())
    entry = AuditEntry.objects.get(act="run.start")
    assert (entry.via, entry.token, entry.username) == ("webhook", "webhook Orders", "olga")


def test_it_needs_no_session_and_leaves_no_cookie(owner: User) -> None:
    response = send(make(owner))
    assert not response.cookies and "Cookie" not in response.headers.get("Vary", "")
    assert response.headers["Cache-Control"] == "no-store"


def test_a_replay_is_the_same_run(owner: User) -> None:
    made = make(owner)
    answers = [send(made).json() for _ in range(3)]
    assert Run.objects.count() == 1 and answers[0] == answers[1] == answers[2]
    assert receipts() == [("started", 3)]
    assert send(made, name="msg_2").json() != answers[0]


def test_a_replay_after_its_run_was_deleted_starts_none(owner: User) -> None:
    made = make(owner)
    send(made)
    delete_runs([Run.objects.get().pk])
    assert send(made).json() == {"run": None}
    assert not Run.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_is_changed_while_a_request_waits_is_in_force(owner: User) -> None:
    made = make(owner)
    other = make_user("otto")
    other.groups.add(Group.objects.get(name="operator"))
    tree = make_tree("Another tree")

    def change() -> None:
        IncomingWebhook.objects.filter(pk=made.webhook.pk).update(responsible=other, tree=tree, parameters={})

    assert act_after_waiting(made.webhook, change, lambda: send(made)).status_code == 202
    run = Run.objects.get()
    assert (run.requested_by, run.tree) == (other, tree)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("change", ["delete", "off", "moved"])
def test_a_webhook_that_goes_while_a_request_waits_starts_nothing(owner: User, change: str) -> None:
    made = make(owner)
    row = IncomingWebhook.objects.filter(pk=made.webhook.pk)
    acts: dict[str, Callable[[], Any]] = {
        "delete": row.delete,
        "off": lambda: row.update(enabled=False),
        "moved": lambda: row.update(digest="0" * 64),
    }
    assert act_after_waiting(made.webhook, acts[change], lambda: send(made)).status_code == 401
    assert not Run.objects.exists()


def test_who_proves_nothing_is_told_nothing(owner: User) -> None:
    made = make(owner)
    stranger = NewIncoming(made.webhook, "no-such-token", made.secret)
    unsigned = NewIncoming(made.webhook, made.token, None)
    answers = [send(stranger), send(unsigned), send(made, off=-301), send(made, off=305)]
    IncomingWebhook.objects.update(enabled=False)
    answers.append(send(made))
    assert {(answer.status_code, answer.content) for answer in answers} == {(401, answers[0].content)}
    assert not Run.objects.exists()
    reasons = list(WebhookReceipt.objects.order_by("id").values_list("reason", flat=True))
    assert [reason.split(":")[0].split("30")[0] for reason in reasons] == [
        "A header is missing",
        *["The request is "] * 2,
    ]


def test_refusals_for_one_reason_are_one_receipt(owner: User) -> None:
    unsigned = NewIncoming((made := make(owner)).webhook, made.token, None)
    for _ in range(5):
        send(unsigned)
    assert receipts() == [("refused", 5)]


def test_what_only_looks_at_it_gets_nothing(owner: User) -> None:
    made = make(owner)
    assert Client().get(f"/hooks/in/{made.token}").status_code == 405


def test_no_more_than_so_many_in_a_time(owner: User) -> None:
    made = make(owner, rate_count=2, rate_seconds=100)
    codes = [send(made, name=f"msg_{number}").status_code for number in range(4)]
    assert codes == [202, 202, 429, 429]
    assert 90 < int(send(made, name="msg_9").headers["Retry-After"]) <= 101
    assert send(made, name="msg_0").status_code == 202, "what was accepted before is no new request"
    assert receipts() == [("started", 2), ("started", 1), ("limited", 3)]


@pytest.mark.django_db(transaction=True)
def test_the_limit_holds_for_requests_at_the_same_time(owner: User) -> None:
    made = make(owner, rate_count=3, rate_seconds=100)
    start, codes = threading.Barrier(8), list[int]()

    def one(number: int) -> None:
        try:
            start.wait()
            codes.append(send(made, name=f"msg_{number // 2}" if number < 4 else f"msg_{number}").status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Two of the names come twice: those are as often the same run.
    assert Run.objects.count() == 3
    assert sum(count for outcome, count in receipts() if outcome == "started") == codes.count(202)
    assert codes.count(202) + codes.count(429) == 8


def test_a_body_over_the_limit_is_refused_before_anything(owner: User) -> None:
    made = make(owner, max_body_bytes=100)
    assert send(made, b"x" * 101).status_code == 413
    assert receipts() == [("refused", 1)]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"items": []}, "day"),
        ({"day": 5, "items": []}, "$.parameters.day"),
        (b"[1, 2", "not JSON"),
        (b'{"day": NaN}', "JSON"),
        (b"", "day"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_reason_in_the_log_alone(owner: User, body: Any, words: str) -> None:
    response = send(make(owner), body)
    assert response.status_code == 422 and words not in response.content.decode()
    receipt = WebhookReceipt.objects.get()
    assert receipt.outcome == "refused" and words in receipt.reason
    assert not Run.objects.exists()


def test_what_was_refused_may_come_again_under_its_name(owner: User) -> None:
    made = make(owner)
    assert send(made, {"items": []}).status_code == 422
    assert send(made).status_code == 202


def test_a_condition_leaves_out_what_is_not_meant(owner: User) -> None:
    made = make(owner, only_when="body.action == 'opened' and headers['x-event'] == 'issue'")
    assert send(made, BODY | {"action": "closed"}, name="a", headers={"x-event": "issue"}).json() == {"run": None}
    assert send(made, name="b", headers={"x-event": "issue"}).json()["run"] is not None
    assert receipts() == [("left_out", 1), ("started", 1)]


def test_forms_texts_and_queries_can_be_mapped(owner: User) -> None:
    made = make(owner, parameters={"day": "{{ body.day if body is mapping else body }}"})
    form = "application/x-www-form-urlencoded"
    send(made, b"day=monday&x=1", name="a", headers={"content-type": form})
    send(made, b"tuesday", name="b", headers={"content-type": "text/plain"})
    assert [run.parameters["day"] for run in Run.objects.order_by("queued_at")] == ["monday", "tuesday"]


def test_a_form_of_too_many_fields_is_refused_like_the_rest(owner: User) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert send(make(owner), b"day=1&" * 1_001, headers=form).status_code == 422
    assert "more than 1,000 fields" in WebhookReceipt.objects.get().reason


def test_expressions_do_not_see_what_proves_a_request(owner: User) -> None:
    made = make(owner, parameters={"day": "{{ headers | join(' ') }} {{ query.a }}"})
    made = NewIncoming(made.webhook, f"{made.token}?a=1&a=2", made.secret)
    send(made, headers={"authorization": "Bearer abcdef", "x-other": "1"})
    seen = Run.objects.get().parameters["day"]
    assert "x-other" in seen and "webhook-id" in seen and seen.endswith(" 2")
    assert not {"authorization", "cookie", "webhook-signature"} & set(seen.split())


def test_github_and_a_shared_token(owner: User) -> None:
    made = make(owner, scheme="github")
    raw = json.dumps(BODY).encode()
    signature = hmac.new((made.secret or "").encode(), raw, hashlib.sha256).hexdigest()
    plain = NewIncoming(made.webhook, made.token)
    assert send(plain).status_code == 401
    first = send(plain, headers={"x-hub-signature-256": f"sha256={signature}", "x-github-delivery": "1"})
    again = send(plain, name="other", headers={"x-hub-signature-256": f"sha256={signature}", "x-github-delivery": "2"})
    assert (first.status_code, first.json()) == (202, again.json())
    token = change_incoming(made.webhook, {"scheme": "token"}, user=owner)
    assert token.secret is not None and token.secret != made.secret
    assert send(plain, name="n1", headers={"x-webhook-token": made.secret or ""}).status_code == 401
    assert send(plain, name="n1", headers={"x-webhook-token": token.secret}).status_code == 202


def test_its_runs_end_with_the_right_of_who_is_responsible(owner: User) -> None:
    made = make(owner)
    owner.groups.set([Group.objects.get(name="viewer")])
    assert send(made).status_code == 422
    owner.groups.set([Group.objects.get(name="operator")])
    Tree.objects.update(visibility="private", owner=None)
    assert send(made).status_code == 422
    Tree.objects.update(visibility="everyone")
    owner.is_active = False
    owner.save()
    assert send(made).status_code == 422
    reasons = list(WebhookReceipt.objects.order_by("id").values_list("reason", "count"))
    assert [("may not run this tree any more" in reason, count) for reason, count in reasons] == [(True, 2), (False, 1)]
    assert "not active any more" in reasons[1][0]
    assert not Run.objects.exists()


def test_an_archived_tree_is_not_run(owner: User) -> None:
    made = make(owner)
    Tree.objects.update(archived_at="2026-01-01T00:00:00Z")
    assert send(made).status_code == 422
    assert "is archived" in WebhookReceipt.objects.get().reason
