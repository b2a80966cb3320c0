"""Acts on outgoing webhooks: save, delete, replace the signing secret, send a test. Administrators do them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from orchestration.engine.errors import InvalidDefinitionError, NotPossibleError, Problem
from orchestration.engine.webhook_signing import new_signing_secret
from orchestration.models import OutgoingWebhook
from orchestration.store.clock import database_now
from orchestration.store.hooks import lock_hooks
from orchestration.store.vault import seal

from . import audit
from .deliveries import deliver_now
from .delivery_attempts import DeliveryResult
from .delivery_request import header_problems
from .field_problems import field_problems, unless_taken
from .row_facts import changes, kept

#: What people decide about a webhook.
FIELDS: Final = (
    *("name", "url", "description", "enabled", "headers", "timeout_seconds", "max_attempts"),
    *("backoff_base_seconds", "backoff_cap_seconds"),
)
#: How long a secret that was replaced still signs.
ROTATION: Final = timedelta(hours=24)
TEST_EVENT: Final = "webhook.test"
#: Whoever sends a test waits for it.
_TEST_SECONDS: Final = 10
#: Hooks that a refusal names; what is over it is counted.
_NAMED_HOOKS: Final = 5


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A webhook and its new signing secret, which nobody can read again."""

    webhook: OutgoingWebhook
    secret: str


def outgoing_problems(webhook: OutgoingWebhook) -> list[Problem]:
    """List what is wrong with a webhook before it is saved."""
    problems = field_problems(webhook, FIELDS)
    if not any(problem.path == "$.url" for problem in problems):
        problems += _url_problems(webhook.url)
    problems += header_problems(webhook.headers)
    if not problems and webhook.backoff_cap_seconds < webhook.backoff_base_seconds:
        problems.append(Problem("$.backoff_cap_seconds", "must not be less than the first wait"))
    return problems


def _url_problems(url: str) -> list[Problem]:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - it is read for the error that it raises
    except ValueError:
        return [Problem("$.url", "can't be read as an address")]
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return [Problem("$.url", "must be a whole address that begins with https:// or http://")]
    if parts.username is not None or parts.password is not None:
        return [Problem("$.url", "must not hold a user and password; send a header that names a secret")]
    if parts.fragment or not url.isascii() or not url.isprintable() or " " in url:
        return [Problem("$.url", "must be plain ASCII without spaces and without a part behind #")]
    return []


def create_outgoing(values: Mapping[str, Any], *, user: AbstractBaseUser) -> NewSecret:
    """Make a webhook of FIELDS, with a signing secret. Raises InvalidDefinitionError; nothing is stored then."""
    webhook, secret = OutgoingWebhook(**values), new_signing_secret()
    with transaction.atomic():
        webhook.sealed_secret, webhook.secret_set_at = seal(secret), database_now()
        _save(webhook)
        audit.record("webhook.create", webhook, user=user, detail=kept(_facts(webhook)))
    return NewSecret(webhook, secret)


def change_outgoing(webhook: OutgoingWebhook, values: Mapping[str, Any], *, user: AbstractBaseUser) -> OutgoingWebhook:
    """Change some of FIELDS. Raises InvalidDefinitionError."""
    with transaction.atomic():
        now = OutgoingWebhook.objects.select_for_update().get(pk=webhook.pk)
        before = _facts(now)
        for name, value in values.items():
            setattr(now, name, value)
        _save(now)
        audit.record("webhook.change", now, user=user, detail={"changed": changes(before, _facts(now))})
    return now


def delete_outgoing(webhook: OutgoingWebhook, *, user: AbstractBaseUser) -> None:
    """Delete a webhook with its deliveries; those that wait are never sent.

    Raises NotPossibleError, naming them, while hooks use it, and OutgoingWebhook.DoesNotExist.
    """
    with transaction.atomic():
        # No hook takes it up while this looks for those that have.
        lock_hooks()
        now = OutgoingWebhook.objects.select_for_update().get(pk=webhook.pk)
        names = [hook.name for hook in now.hooks.in_order()]
        if names:
            raise NotPossibleError(_used_by(names))
        # Nothing is enqueued from here on; senders hold deliveries while they write attempts, and wait for no webhook.
        list(now.deliveries.order_by("pk").select_for_update().values_list("pk"))
        detail = {**kept(_facts(now)), "pending": now.deliveries.filter(ended_at=None).count()}
        audit.record("webhook.delete", now, user=user, detail=detail)
        now.delete()


def _used_by(names: list[str]) -> str:
    said = ", ".join(f"“{name}”" for name in names[:_NAMED_HOOKS])
    more = f" and {len(names) - _NAMED_HOOKS} more" if len(names) > _NAMED_HOOKS else ""
    if len(names) == 1:
        return f"The hook {said} uses this webhook: delete it first, or let it tell another"
    return f"The hooks {said}{more} use this webhook: delete them first, or let them tell another"


def replace_signing_secret(webhook: OutgoingWebhook, *, user: AbstractBaseUser) -> NewSecret:
    """Make a new signing secret. The present one signs beside it for ROTATION; the one before that stops."""
    secret = new_signing_secret()
    with transaction.atomic():
        now = OutgoingWebhook.objects.select_for_update().get(pk=webhook.pk)
        now.sealed_old_secret, now.old_secret_until = now.sealed_secret, database_now() + ROTATION
        now.sealed_secret, now.secret_set_at = seal(secret), database_now()
        now.save(update_fields=["sealed_old_secret", "old_secret_until", "sealed_secret", "secret_set_at"])
        audit.record("webhook.rotate", now, user=user)
    return NewSecret(now, secret)


def send_test(webhook: OutgoingWebhook, *, user: AbstractBaseUser) -> DeliveryResult:
    """Send an event that means nothing, and wait for the answer. Raises WebhookOffError."""
    audit.record("webhook.test", webhook, user=user)
    facts = {"note": "A test: nothing has happened.", "sent_by": user.get_username()}
    return deliver_now(webhook.pk, TEST_EVENT, facts, f"test-{uuid4()}", _TEST_SECONDS)


def _save(webhook: OutgoingWebhook) -> None:
    problems = outgoing_problems(webhook)
    if problems:
        raise InvalidDefinitionError(problems)
    with unless_taken("$.name"):
        webhook.save()


def _facts(webhook: OutgoingWebhook) -> dict[str, Any]:
    return {name: getattr(webhook, name) for name in FIELDS}
