"""One attempt to deliver: claimed by one sender, made, and written down.

A claim counts the attempt before anything is sent. So an attempt whose sender is lost is known of, and counts; and an
outcome is written only while its number is the latest, so that a sender that comes back late overwrites nothing.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import httpx
from django.conf import settings
from django.db import transaction

from orchestration.engine.errors import OrchestrationError
from orchestration.engine.json_values import storable_text
from orchestration.engine.secret_source import SecretsAwayError, SecretUnreadableError
from orchestration.engine.webhook_answers import Verdict, judge, retry_after_seconds
from orchestration.executors.support.http import Answer, FetchError, FetchOptions, InvalidRequestError, fetch
from orchestration.models import WebhookAttempt, WebhookDelivery
from orchestration.store.clock import database_now

from .delivery_request import DeliveryRequest, build_request

logger = logging.getLogger("apflow.webhooks")

Status = WebhookDelivery.Status
#: What is kept of an answer.
KEPT_BODY_BYTES: Final = 16 * 1024
_KEPT_HEADERS: Final = 50
_KEPT_HEADER_CHARS: Final = 1_000
_ERROR_CHARS: Final = 2_000
#: How long after its timeout an attempt's sender is taken for lost.
_GRACE_SECONDS: Final = 60
_LOST: Final = "No outcome: its sender was lost. The receiver may have got it"


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """What became of one attempt. `error` is empty when it was delivered; `duration_ms` covers all of the exchange."""

    ok: bool
    status_code: int | None
    error: str
    duration_ms: int
    delivery_id: str


@dataclass(frozen=True, slots=True)
class _Exchange:
    """What was sent, what came back, and what that means."""

    verdict: Verdict
    duration_ms: int
    wait_seconds: float = 0.0
    status_code: int | None = None
    kept: dict[str, Any] | None = None


def claim_next(busy: Collection[UUID] = ()) -> WebhookDelivery | None:
    """Take the delivery that is due longest, of a webhook that is not `busy`, for one attempt; None without any."""
    while True:
        with transaction.atomic():
            now = database_now()
            due = WebhookDelivery.objects.due(now).exclude(webhook__in=busy).select_related("webhook")
            delivery = due.select_for_update(skip_locked=True, of=("self",)).first()
            if delivery is None:
                return None
            if begin_attempt(delivery, now):
                return delivery


def begin_attempt(delivery: WebhookDelivery, now: datetime) -> bool:
    """Count an attempt of a delivery whose row is locked, and hold it; False when it had its last one."""
    if delivery.claimed_until is not None:
        delivery.log.filter(number=delivery.attempts, duration_ms=None).update(error=_LOST)
    if delivery.tries_left == 0:
        _end(delivery, Status.FAILED, now, _LOST)
        return False
    delivery.attempts += 1
    delivery.tries_left -= 1
    delivery.claimed_until = now + timedelta(seconds=delivery.webhook.timeout_seconds + _GRACE_SECONDS)
    delivery.save(update_fields=["attempts", "tries_left", "claimed_until"])
    WebhookAttempt.objects.create(delivery=delivery, number=delivery.attempts, at=now)
    return True


def make_attempt(delivery: WebhookDelivery, timeout_seconds: float | None = None) -> DeliveryResult:
    """Send what was claimed and write down what became of it. It blocks, and never raises for what a receiver does."""
    exchange = _exchange(delivery, timeout_seconds or delivery.webhook.timeout_seconds)
    verdict = exchange.verdict
    if not _finish(delivery, exchange):
        logger.warning("attempt %d of delivery %s ended after its claim", delivery.attempts, delivery.pk)
    return DeliveryResult(
        verdict.delivered, exchange.status_code, verdict.error, exchange.duration_ms, str(delivery.pk)
    )


def _exchange(delivery: WebhookDelivery, timeout_seconds: float) -> _Exchange:
    begun = time.monotonic()
    try:
        request = build_request(delivery, database_now())
    except OrchestrationError as error:
        verdict = Verdict(False, str(error), retryable=isinstance(error, SecretsAwayError | SecretUnreadableError))
        return _Exchange(verdict, _milliseconds_since(begun))
    kept: dict[str, Any] = {"request_headers": request.masker.redact(request.headers)}
    try:
        answer = asyncio.run(_send(request, timeout_seconds))
    except FetchError as error:
        verdict = Verdict(False, request.masker.text(str(error)), retryable=error.retryable)
        return _Exchange(verdict, _milliseconds_since(begun), kept=kept)
    kept |= _kept(answer, request)
    wait = retry_after_seconds(answer.headers.get("retry-after"), database_now())
    return _Exchange(judge(answer.status_code), _milliseconds_since(begun), wait, answer.status_code, kept)


async def _send(request: DeliveryRequest, timeout_seconds: float) -> Answer:
    options = FetchOptions(
        timeout_seconds=timeout_seconds,
        follow_redirects=False,
        max_bytes=KEPT_BODY_BYTES,
        cut=True,
        allowed_hosts=tuple(settings.APFLOW_HTTP_ALLOWED_HOSTS),
    )
    try:
        prepared = httpx.Request("POST", request.url, headers=request.headers, content=request.body)
    except (httpx.InvalidURL, UnicodeError) as error:
        raise InvalidRequestError(f"the URL can't be read: {error}") from error
    return await fetch(prepared, options)


def _kept(answer: Answer, request: DeliveryRequest) -> dict[str, Any]:
    """Return what is stored of an answer: bounded, and without the secrets of the request."""
    try:
        text = answer.body.decode(answer.encoding, errors="replace")
    except LookupError:
        text = answer.body.decode("utf-8", errors="replace")
    headers = {
        storable_text(name, 100): storable_text(value, _KEPT_HEADER_CHARS)
        for name, value in list(answer.headers.items())[:_KEPT_HEADERS]
    }
    return {
        "answer_headers": request.masker.redact(headers),
        "answer_body": request.masker.redact(storable_text(text, KEPT_BODY_BYTES)),
    }


def _milliseconds_since(begun: float) -> int:
    return round((time.monotonic() - begun) * 1_000)


def _finish(delivery: WebhookDelivery, exchange: _Exchange) -> bool:
    """Write an attempt's outcome; False when another attempt has begun since, or the delivery is gone."""
    verdict = exchange.verdict
    with transaction.atomic():
        held = WebhookDelivery.objects.pending().filter(pk=delivery.pk, attempts=delivery.attempts)
        row = held.exclude(claimed_until=None).select_for_update(of=("self",)).select_related("webhook").first()
        if row is None:
            return False
        row.log.filter(number=row.attempts).update(
            duration_ms=exchange.duration_ms,
            status_code=exchange.status_code,
            error=storable_text(verdict.error, _ERROR_CHARS),
            **(exchange.kept or {}),
        )
        now = database_now()
        if verdict.delivered:
            _end(row, Status.DELIVERED, now)
        elif verdict.retryable and row.tries_left > 0:
            row.next_attempt_at = now + timedelta(seconds=max(_backoff(row), exchange.wait_seconds))
            row.claimed_until = None
            row.save(update_fields=["next_attempt_at", "claimed_until"])
        else:
            _end(row, Status.FAILED, now, verdict.error)
    return True


def _backoff(delivery: WebhookDelivery) -> float:
    failures = max(delivery.webhook.max_attempts - delivery.tries_left, 1)
    return delivery.webhook.retry.delay_seconds(failures, secrets.randbelow(1_000) / 1_000)


def _end(delivery: WebhookDelivery, status: str, now: datetime, error: str = "") -> None:
    delivery.status, delivery.ended_at = status, now
    delivery.next_attempt_at = delivery.claimed_until = None
    delivery.save(update_fields=["status", "ended_at", "next_attempt_at", "claimed_until"])
    logger.info("delivery %s is %s, attempt %d%s", delivery.pk, status, delivery.attempts, error and f": {error}")
