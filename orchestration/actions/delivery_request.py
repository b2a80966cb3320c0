"""What is sent to a webhook: the body, the signed headers, and what of them is secret."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.db import transaction

from orchestration.engine.binding import Secrets, bind, has_expression, names_used, secrets_used, syntax_problems
from orchestration.engine.errors import OrchestrationError, Problem
from orchestration.engine.json_values import path_join
from orchestration.engine.masking import Masker, secret_values
from orchestration.engine.webhook_signing import sign
from orchestration.models import OutgoingWebhook, Secret, SecretUse, WebhookDelivery
from orchestration.store.vault import open_sealed, unseal

_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}\Z")
#: What the sender itself says.
_TAKEN: Final = frozenset(
    {"host", "content-length", "content-type", "transfer-encoding", "connection", "accept-encoding", "x-apflow-event"}
    | {"webhook-id", "webhook-timestamp", "webhook-signature"}
)
_MAX_HEADERS: Final = 30
_MAX_HEADER_CHARS: Final = 4_000


class UnsendableError(OrchestrationError):
    """A delivery can't be made as the webhook is now; its text says what to change."""


@dataclass(frozen=True, slots=True)
class DeliveryRequest:
    """A signed request. `masker` takes its secrets out of what is kept of it and of the answer."""

    url: str
    headers: dict[str, str]
    body: bytes
    masker: Masker


def header_problems(headers: Any) -> list[Problem]:
    """List what is wrong with a webhook's own headers: an object of texts, which may name secrets and nothing else."""
    if not isinstance(headers, dict) or len(headers) > _MAX_HEADERS:
        return [Problem("$.headers", f"must be an object with at most {_MAX_HEADERS} headers")]
    problems = []
    for name, value in headers.items():
        path = path_join("$.headers", name)
        if not _HEADER_NAME.match(name):
            problems.append(Problem(path, "is no name of a header"))
        elif name.lower() in _TAKEN:
            problems.append(Problem(path, "is set by the sender; leave it out"))
        elif not isinstance(value, str) or len(value) > _MAX_HEADER_CHARS or not _fits(value):
            problems.append(Problem(path, f"must be one line of text with at most {_MAX_HEADER_CHARS} characters"))
        else:
            problems += _expression_problems(value, path)
    return problems


def _fits(value: str) -> bool:
    return value.isascii() and value.isprintable()


def _expression_problems(value: str, path: str) -> list[Problem]:
    unreadable = syntax_problems(value, path)
    others = sorted({root for root, _ in names_used(value)} - {"secrets"}) if has_expression(value) else []
    return unreadable or [Problem(path, f"names {name}; a header may name secrets.NAME alone") for name in others]


def build_request(delivery: WebhookDelivery, now: datetime) -> DeliveryRequest:
    """Build what one attempt sends. Raises UnsendableError, SecretUnreadableError, BindingError."""
    webhook = delivery.webhook
    body = delivery_body(delivery)
    granted = _granted(webhook)
    signing = signing_secrets(webhook, now)
    timestamp = int(now.timestamp())
    headers = {
        **{name: _header(name, value, granted) for name, value in webhook.headers.items()},
        "content-type": "application/json",
        "accept-encoding": "identity",
        "user-agent": "apflow-dashboard",
        "x-apflow-event": delivery.event,
        "webhook-id": str(delivery.pk),
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(sign(secret, str(delivery.pk), timestamp, body) for secret in signing),
    }
    known = secret_values({"url": webhook.url, "headers": webhook.headers}).secrets
    return DeliveryRequest(webhook.url, headers, body, Masker({*granted.values(), *signing, *known}))


def delivery_body(delivery: WebhookDelivery) -> bytes:
    """Return the body of a delivery, the same at each attempt: JSON with sorted keys and no spaces."""
    at = delivery.created_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    document = {"event": delivery.event, "id": str(delivery.pk), "at": at, "data": delivery.payload}
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def signing_secrets(webhook: OutgoingWebhook, now: datetime) -> list[str]:
    """Return the secrets that sign: the present one, and during a rotation the old one."""
    whose = f"The signing secret of the webhook {webhook.name!r}"
    sealed = [webhook.sealed_secret]
    if webhook.sealed_old_secret and webhook.old_secret_until is not None and now < webhook.old_secret_until:
        sealed.append(webhook.sealed_old_secret)
    return [open_sealed(text, whose) for text in sealed]


def _granted(webhook: OutgoingWebhook) -> Mapping[str, str]:
    """Return the secrets that the headers name, and write down that they were used."""
    names = secrets_used(webhook.headers)
    if not names:
        return {}
    with transaction.atomic():
        found = list(Secret.objects.granted_to(webhook).filter(name__in=names))
        missing = sorted(names - {secret.name for secret in found})
        if missing:
            raise UnsendableError(
                f"The headers name the secret {missing[0]}, which is not there or not granted to this webhook: an "
                "administrator makes it, and grants it to the webhook on the secret's page"
            )
        SecretUse.objects.record_delivery(found, webhook)
        return {secret.name: unseal(secret) for secret in found}


def _header(name: str, value: str, granted: Mapping[str, str]) -> str:
    bound = str(bind(value, {"secrets": Secrets(granted)}, path_join("$.headers", name))).strip()
    if not _fits(bound):
        raise UnsendableError(f"The header {name} would hold a line break or a character that headers can't carry")
    return bound
