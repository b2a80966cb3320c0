"""What becomes of a request to an incoming webhook.

The signature is checked first. All else happens under the lock of the webhook's row: whether the request was seen
before, the rate limit, the condition, the run and the receipt are one transaction, whoever asks at the same time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final
from urllib.parse import parse_qsl
from uuid import UUID

from django.db import transaction

from orchestration.engine.binding import bind
from orchestration.engine.errors import InvalidDefinitionError, NotStorableError, OrchestrationError, Problem
from orchestration.engine.json_values import encode, parse_document, storable_text
from orchestration.engine.masking import secret_values
from orchestration.engine.webhook_schemes import NotProvenError, Proof, proven_key
from orchestration.models import IncomingWebhook, Run, WebhookReceipt
from orchestration.models.webhooks import MAX_BODY_BYTES
from orchestration.store.clock import database_now
from orchestration.store.vault import open_sealed

from . import audit
from .incoming_webhooks import condition, locked_incoming
from .responsible import why_not_responsible
from .runs import start_run

Outcome = WebhookReceipt.Outcome
_REASON_CHARS: Final = 2_000
#: Fields of a form.
_MAX_FIELDS: Final = 1_000
#: Refusals for one reason within this time are one receipt.
_FOLD: Final = timedelta(minutes=1)
#: Headers that prove something; expressions don't see them.
_PROVING: Final = frozenset(
    {"authorization", "proxy-authorization", "cookie", "webhook-signature", "x-hub-signature", "x-hub-signature-256"}
)


class NotReceivedError(OrchestrationError):
    """A request that starts no run."""


class UnknownSenderError(NotReceivedError):
    """There is no such webhook, or the request is not signed as it demands. Senders are not told which."""


class BodyTooLargeError(NotReceivedError):
    """The body has more bytes than the webhook accepts."""


class UnusableRequestError(NotReceivedError):
    """No run can be started by this request; the receipt says why."""


class TooManyRequestsError(NotReceivedError):
    """The webhook's rate limit is reached."""

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__()
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True)
class Incoming:
    """A request: names of headers in small letters, the last value of each query field."""

    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    address: str | None = None

    @cached_property
    def parsed(self) -> Any:
        """The body as a value: JSON, a form, else text; None when it is empty. Raises NotStorableError."""
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if not self.body:
            return None
        if kind == "application/x-www-form-urlencoded":
            return self._form()
        if kind == "application/json" or kind.endswith("+json") or self.body.lstrip()[:1] in (b"{", b"["):
            return parse_document(self.body, MAX_BODY_BYTES)
        return self.body.decode("utf-8", "replace")

    def _form(self) -> dict[str, str]:
        text = self.body.decode("utf-8", "replace")
        try:
            return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_FIELDS))
        except ValueError as error:
            raise NotStorableError(f"the form has more than {_MAX_FIELDS:,} fields") from error


def receive(token: str, request: Incoming) -> UUID | None:
    """Start the run that a request asks for and return its id; None when the webhook's condition leaves it out.

    A request that was seen before is the same run. Raises UnknownSenderError, BodyTooLargeError, TooManyRequestsError
    and UnusableRequestError; each has its receipt, but for addresses that are none.
    """
    found = IncomingWebhook.objects.filter(digest=IncomingWebhook.digest_of(token), enabled=True)
    webhook = found.select_related("tree", "responsible").first()
    if webhook is None:
        raise UnknownSenderError
    audit.add_token(f"webhook {webhook.name}"[:120])
    if len(request.body) > webhook.max_body_bytes:
        reason = f"The body has more than {webhook.max_body_bytes:,} bytes"
        _refuse(webhook, request, reason)
        raise BodyTooLargeError
    try:
        key = proven_key(_proof(webhook), request.headers, request.body, database_now().timestamp())
    except OrchestrationError as error:  # not proven, or its own secret can't be opened
        _refuse(webhook, request, str(error))
        raise UnknownSenderError from error
    outcome = _accept(webhook, request, key)
    if isinstance(outcome, NotReceivedError):
        raise outcome
    return outcome


def _proof(webhook: IncomingWebhook) -> Proof:
    whose = f"The secret of the webhook {webhook.name!r}"
    secret = open_sealed(webhook.sealed_secret, whose) if webhook.sealed_secret else ""
    if webhook.scheme != IncomingWebhook.Scheme.NONE and not secret:
        raise NotProvenError("The webhook has no secret; an administrator gives it one")
    return Proof(webhook.scheme, secret, webhook.header_name, webhook.tolerance_seconds)


def _accept(webhook: IncomingWebhook, request: Incoming, key: str | None) -> UUID | NotReceivedError | None:
    """Do what a proven request asks for. Errors are returned: raised, they would take their receipt with them."""
    with transaction.atomic():
        webhook = _still_there(webhook)
        now = database_now()
        seen = webhook.receipts.filter(key=key).first() if key is not None else None
        if seen is not None:
            seen.count, seen.last_at = seen.count + 1, now
            seen.save(update_fields=["count", "last_at"])
            return seen.run_id
        wait = _wait_seconds(webhook, now)
        if wait is not None:
            _fold(webhook, request, Outcome.LIMITED, "", now)
            return TooManyRequestsError(wait)
        try:
            with transaction.atomic():
                run = _start(webhook, request, key)
        except OrchestrationError as error:
            masker = secret_values(request.headers, request.query)
            _fold(webhook, request, Outcome.REFUSED, masker.text(str(error)), now)
            return UnusableRequestError()
        outcome = Outcome.LEFT_OUT if run is None else Outcome.STARTED
        _receipt(webhook, request, outcome, now, run=run, key=key)
    return None if run is None else run.pk


def _still_there(webhook: IncomingWebhook) -> IncomingWebhook:
    """Lock a webhook. Raises UnknownSenderError when it was deleted, switched off or moved since it was found."""
    try:
        now = locked_incoming(webhook)
    except IncomingWebhook.DoesNotExist:
        raise UnknownSenderError from None
    if not now.enabled or now.digest != webhook.digest:
        raise UnknownSenderError
    return now


def _wait_seconds(webhook: IncomingWebhook, now: datetime) -> int | None:
    """Count a request, or return the seconds until there is room for it."""
    window = timedelta(seconds=webhook.rate_seconds)
    if webhook.window_started_at is None or now >= webhook.window_started_at + window:
        webhook.window_started_at, webhook.window_count = now, 0
    if webhook.window_count >= webhook.rate_count:
        return max(int((webhook.window_started_at + window - now).total_seconds()) + 1, 1)
    webhook.window_count += 1
    webhook.save(update_fields=["window_started_at", "window_count"])
    return None


def _start(webhook: IncomingWebhook, request: Incoming, key: str | None) -> Run | None:
    proving = _PROVING | {webhook.header_name.lower()}
    headers = {name: value for name, value in request.headers.items() if name not in proving}
    context = {"body": request.parsed, "headers": headers, "query": dict(request.query)}
    if webhook.only_when and not bind(condition(webhook), context, "$.only_when"):
        return None
    refusal = why_not_responsible(webhook.tree, webhook.responsible)
    if refusal is not None:
        again = "an administrator can make somebody responsible who may"
        raise InvalidDefinitionError([Problem("$.responsible", f"{refusal}: {again}")])
    if webhook.tree.archived_at is not None:
        raise InvalidDefinitionError([Problem("$.tree", "is archived: take it out of the archive to run it")])
    parameters = bind(webhook.parameters, context, "$.parameters")
    encode(parameters, "the parameters")
    return start_run(
        webhook.tree,
        user=webhook.responsible,
        parameters=parameters,
        priority=webhook.priority,
        trigger=Run.Trigger.WEBHOOK,
        idempotency_key=None if key is None else f"webhook-{webhook.pk}-{key}",
    )


def _refuse(webhook: IncomingWebhook, request: Incoming, reason: str) -> None:
    with transaction.atomic():
        # One at a time, so that they fold.
        _fold(_still_there(webhook), request, Outcome.REFUSED, reason, database_now())


def _fold(webhook: IncomingWebhook, request: Incoming, outcome: str, reason: str, now: datetime) -> None:
    """Write a refusal, into the receipt of the last ones like it: nobody fills the log with what is refused."""
    reason = storable_text(reason, _REASON_CHARS)
    recent = webhook.receipts.filter(outcome=outcome, reason=reason, at__gt=now - _FOLD).first()
    if recent is None:
        _receipt(webhook, request, outcome, now, reason=reason)
        return
    recent.count, recent.last_at = recent.count + 1, now
    recent.save(update_fields=["count", "last_at"])


def _receipt(webhook: IncomingWebhook, request: Incoming, outcome: str, now: datetime, **facts: Any) -> None:
    WebhookReceipt.objects.create(
        webhook=webhook,
        at=now,
        last_at=now,
        outcome=outcome,
        body_bytes=len(request.body),
        body_digest=hashlib.sha256(request.body).hexdigest(),
        address=request.address,
        **facts,
    )
