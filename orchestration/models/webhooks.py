"""Webhooks: those that we call, with what became of each delivery, and those that call us."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from typing import TYPE_CHECKING, Final, Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from orchestration.engine.definition import MAX_NAME_CHARS
from orchestration.engine.retry import RetryPolicy
from orchestration.engine.webhook_schemes import DEFAULT_HEADER, SCHEMES

from .definition import Tree, priority_check, priority_field
from .execution import Run

if TYPE_CHECKING:
    from datetime import datetime

MAX_TIMEOUT_SECONDS: Final = 120
MAX_ATTEMPTS: Final = 30
MAX_BACKOFF_SECONDS: Final = 24 * 3600
MAX_BODY_BYTES: Final = 10 * 1024**2
MAX_TOLERANCE_SECONDS: Final = 3_600
MAX_RATE: Final = 10_000
MAX_RATE_SECONDS: Final = 24 * 3600
#: Share of a delay that chance adds or takes away, so that many failed deliveries don't come back at once.
_JITTER: Final = 0.2


def _bounded(lowest: int, highest: int) -> list[MinValueValidator | MaxValueValidator]:
    return [MinValueValidator(lowest), MaxValueValidator(highest)]


class OutgoingWebhook(models.Model):
    """An address that is told of events. Deliveries of one that is off wait until it is on again.

    Signing secrets are sealed by `orchestration.store.vault`; the old one signs too until `old_secret_until`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=MAX_NAME_CHARS, unique=True)
    url = models.CharField("URL", max_length=2_000)
    description = models.TextField(blank=True)
    enabled = models.BooleanField(default=True)
    headers = models.JSONField(default=dict, blank=True)
    timeout_seconds = models.PositiveSmallIntegerField(default=10, validators=_bounded(1, MAX_TIMEOUT_SECONDS))
    max_attempts = models.PositiveSmallIntegerField(default=8, validators=_bounded(1, MAX_ATTEMPTS))
    backoff_base_seconds = models.PositiveIntegerField(default=5, validators=_bounded(1, MAX_BACKOFF_SECONDS))
    backoff_cap_seconds = models.PositiveIntegerField(default=3_600, validators=_bounded(1, MAX_BACKOFF_SECONDS))
    sealed_secret = models.TextField(editable=False)
    sealed_old_secret = models.TextField(blank=True, editable=False)
    old_secret_until = models.DateTimeField(null=True, editable=False)
    secret_set_at = models.DateTimeField(editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name",)
        constraints = (
            models.CheckConstraint(condition=~Q(name=""), name="outgoing_webhook_named"),
            models.CheckConstraint(condition=~Q(sealed_secret=""), name="outgoing_webhook_signed"),
            models.CheckConstraint(
                condition=Q(timeout_seconds__range=(1, MAX_TIMEOUT_SECONDS)), name="outgoing_webhook_timeout"
            ),
            models.CheckConstraint(
                condition=Q(max_attempts__range=(1, MAX_ATTEMPTS)), name="outgoing_webhook_max_attempts"
            ),
            models.CheckConstraint(
                condition=Q(
                    backoff_base_seconds__gte=1,
                    backoff_cap_seconds__gte=F("backoff_base_seconds"),
                    backoff_cap_seconds__lte=MAX_BACKOFF_SECONDS,
                ),
                name="outgoing_webhook_backoff",
                violation_error_message="The longest wait must not be less than the first wait.",
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def retry(self) -> RetryPolicy:
        """How often and how soon a failed delivery is tried again."""
        return RetryPolicy(
            max_attempts=self.max_attempts,
            base_seconds=self.backoff_base_seconds,
            cap_seconds=self.backoff_cap_seconds,
            jitter=_JITTER,
        )


class WebhookDeliveryQuerySet(models.QuerySet["WebhookDelivery"]):
    """Deliveries by state."""

    def pending(self) -> Self:
        """Deliveries that have neither arrived nor been given up."""
        return self.filter(status=WebhookDelivery.Status.PENDING)

    def due(self, now: datetime) -> Self:
        """Deliveries to send now: their time has come, and no sender holds them any more; the longest due first."""
        free = Q(claimed_until__isnull=True) | Q(claimed_until__lte=now)
        return self.pending().filter(free, next_attempt_at__lte=now, webhook__enabled=True).order_by("next_attempt_at")


class WebhookDelivery(models.Model):
    """One event for one webhook. Its id is sent along, and stays the same over all attempts.

    `attempts` counts those that were begun, and is the fence: an outcome is written only while its number is still the
    latest. `claimed_until` is set while a sender has it.
    """

    class Status(models.TextChoices):
        PENDING = "pending", "pending"
        DELIVERED = "delivered", "delivered"
        FAILED = "failed", "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    webhook = models.ForeignKey(OutgoingWebhook, on_delete=models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=100)
    key = models.CharField(max_length=255)
    payload = models.JSONField(default=dict)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    tries_left = models.PositiveIntegerField()
    next_attempt_at = models.DateTimeField(null=True)
    claimed_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    ended_at = models.DateTimeField(null=True)

    objects = WebhookDeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "webhook deliveries"
        ordering = ("-created_at", "-id")
        constraints = (
            models.UniqueConstraint(fields=["webhook", "key"], name="webhook_delivery_once"),
            models.CheckConstraint(
                condition=Q(status="pending", next_attempt_at__isnull=False, ended_at__isnull=True)
                | Q(status__in=("delivered", "failed"), next_attempt_at__isnull=True, ended_at__isnull=False),
                name="webhook_delivery_state",
            ),
        )
        indexes = (
            models.Index(fields=["next_attempt_at"], name="webhook_delivery_due", condition=Q(status="pending")),
            models.Index(fields=["-created_at", "-id"], name="webhook_delivery_latest"),
            models.Index(fields=["status", "-created_at", "-id"], name="webhook_delivery_of_status"),
        )

    def __str__(self) -> str:
        return f"{self.event} to {self.webhook}"


class WebhookAttempt(models.Model):
    """One try to deliver, written when it begins; `duration_ms` is NULL until it has ended. Secrets are masked."""

    delivery = models.ForeignKey(WebhookDelivery, on_delete=models.CASCADE, related_name="log", db_index=False)
    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    duration_ms = models.PositiveIntegerField(null=True)
    status_code = models.PositiveSmallIntegerField(null=True)
    error = models.TextField(blank=True)
    request_headers = models.JSONField(default=dict)
    answer_headers = models.JSONField(default=dict)
    answer_body = models.TextField(blank=True)

    class Meta:
        ordering = ("delivery", "number")
        constraints = (models.UniqueConstraint(fields=["delivery", "number"], name="webhook_attempt_once"),)

    def __str__(self) -> str:
        return f"attempt {self.number}"


class IncomingWebhook(models.Model):
    """An address that starts runs of a tree. Its runs are those of `responsible`, and end with that person's rights.

    Of the token in the address only the digest is stored. `sealed_secret` is what requests are signed with, or, with
    the scheme `token`, what they show. `window_started_at` and `window_count` belong to the rate limit.
    """

    class Scheme(models.TextChoices):
        STANDARD = "standard", "Standard Webhooks: signed id, time and body"
        GITHUB = "github", "GitHub: signed body (X-Hub-Signature-256)"
        TOKEN = "token", "a shared token in a header"
        NONE = "none", "none: whoever knows the address"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=MAX_NAME_CHARS, unique=True)
    description = models.TextField(blank=True)
    tree = models.ForeignKey(Tree, on_delete=models.CASCADE, related_name="incoming_webhooks")
    responsible = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    enabled = models.BooleanField(default=True)
    hint = models.CharField(max_length=12, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scheme = models.CharField("signature", max_length=20, choices=Scheme.choices, default=Scheme.STANDARD)
    header_name = models.CharField("header of the token", max_length=100, default=DEFAULT_HEADER)
    sealed_secret = models.TextField(blank=True, editable=False)
    tolerance_seconds = models.PositiveIntegerField(default=300, validators=_bounded(10, MAX_TOLERANCE_SECONDS))
    parameters = models.JSONField(default=dict, blank=True)
    only_when = models.TextField(blank=True, max_length=2_000)
    priority = priority_field()
    rate_count = models.PositiveIntegerField(default=60, validators=_bounded(1, MAX_RATE))
    rate_seconds = models.PositiveIntegerField(default=60, validators=_bounded(1, MAX_RATE_SECONDS))
    max_body_bytes = models.PositiveIntegerField(default=1024**2, validators=_bounded(1, MAX_BODY_BYTES))
    window_started_at = models.DateTimeField(null=True, editable=False)
    window_count = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name",)
        constraints = (
            models.CheckConstraint(condition=~Q(name=""), name="incoming_webhook_named"),
            models.CheckConstraint(condition=Q(scheme__in=SCHEMES), name="incoming_webhook_scheme"),
            models.CheckConstraint(condition=Q(scheme="none") | ~Q(sealed_secret=""), name="incoming_webhook_secret"),
            models.CheckConstraint(condition=Q(rate_count__gte=1, rate_seconds__gte=1), name="incoming_webhook_rate"),
            priority_check("incoming_webhook_priority"),
        )

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def new_token() -> str:
        """Return a new token of an address; nobody can read it again."""
        return secrets.token_urlsafe(32)

    @staticmethod
    def digest_of(token: str) -> str:
        """Return what is stored of a token: it has 256 random bits, so no salt is needed."""
        return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


class WebhookReceipt(models.Model):
    """What became of a request to an incoming webhook; of its body only size and digest are kept.

    `key` is the digest of what names the delivery: a second request with it is the same one. Refusals for one reason
    within a minute are one row. `count` counts the requests, the last of them at `last_at`.
    """

    class Outcome(models.TextChoices):
        STARTED = "started", "started a run"
        LEFT_OUT = "left_out", "left out by its condition"
        REFUSED = "refused", "refused"
        LIMITED = "limited", "too many"

    webhook = models.ForeignKey(IncomingWebhook, on_delete=models.CASCADE, related_name="receipts", db_index=False)
    at = models.DateTimeField()
    last_at = models.DateTimeField()
    count = models.PositiveIntegerField(default=1)
    outcome = models.CharField(max_length=20, choices=Outcome.choices)
    reason = models.TextField(blank=True)
    key = models.CharField(max_length=64, null=True, editable=False)
    body_bytes = models.PositiveIntegerField()
    body_digest = models.CharField("SHA-256 of the body", max_length=64)
    address = models.GenericIPAddressField(null=True)
    run = models.ForeignKey(Run, null=True, on_delete=models.SET_NULL, related_name="receipts")

    class Meta:
        ordering = ("-id",)
        constraints = (models.UniqueConstraint(fields=["webhook", "key"], name="webhook_receipt_once"),)
        indexes = (
            models.Index(fields=["webhook", "-id"], name="webhook_receipt_latest"),
            models.Index(fields=["outcome", "-id"], name="webhook_receipt_of_outcome"),
        )

    def __str__(self) -> str:
        return f"{self.webhook} {self.at:%Y-%m-%d %H:%M:%S}"
