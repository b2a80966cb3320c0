"""Acts on incoming webhooks: save, delete, replace the address or the secret. Administrators do them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from orchestration.engine.binding import has_expression, names_used, syntax_problems, walk_strings
from orchestration.engine.errors import InvalidDefinitionError, OrchestrationError, Problem
from orchestration.engine.json_values import JSONValue, encode, text_problem
from orchestration.engine.secret_forms import MIN_CHARS
from orchestration.engine.webhook_signing import SigningSecretError, new_signing_secret, signing_key
from orchestration.models import IncomingWebhook, Tree
from orchestration.store.vault import seal

from . import audit
from .field_problems import field_problems, unless_taken
from .locking import locked
from .responsible import why_not_responsible
from .row_facts import A_NEW_ONE, changes, kept

#: What people decide about an incoming webhook, besides its secret.
FIELDS: Final = (
    *("name", "description", "tree", "responsible", "enabled", "scheme", "header_name", "tolerance_seconds"),
    *("parameters", "only_when", "priority", "rate_count", "rate_seconds", "max_body_bytes"),
)
#: What expressions may name, besides Jinja's own functions.
ROOTS: Final = ("body", "headers", "query")
_FUNCTIONS: Final = ("range", "dict")
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,100}\Z")
_MAX_MAPPING_BYTES: Final = 64 * 1024
_MAX_SECRET_CHARS: Final = 4_096
_HINT_CHARS: Final = 6
Scheme = IncomingWebhook.Scheme


@dataclass(frozen=True, slots=True)
class NewIncoming:
    """An incoming webhook, and what of it is new and can't be read again: its token, its secret."""

    webhook: IncomingWebhook
    token: str | None = None
    secret: str | None = None


def incoming_problems(webhook: IncomingWebhook, secret: str = "") -> list[Problem]:
    """List what is wrong with a webhook before it is saved; `secret` is a new one that somebody has chosen."""
    problems = field_problems(webhook, FIELDS)
    if problems:
        return problems
    if not _HEADER_NAME.match(webhook.header_name):
        problems.append(Problem("$.header_name", "must be letters, digits and hyphens"))
    problems += _mapping_problems(webhook.tree, webhook.parameters)
    if webhook.only_when:
        problems += _expression_problems(condition(webhook), "$.only_when")
    refusal = why_not_responsible(webhook.tree, webhook.responsible)
    if refusal is not None:
        problems.append(Problem("$.responsible", f"{refusal}: choose somebody who may"))
    return problems + (_secret_problems(webhook.scheme, secret) if secret else [])


def condition(webhook: IncomingWebhook) -> str:
    """Return the condition as an expression that can be bound."""
    return "{{ " + webhook.only_when + " }}"


def _mapping_problems(tree: Tree, mapping: Any) -> list[Problem]:
    if not isinstance(mapping, dict):
        return [
            Problem("$.parameters", "must be an object: the name of each parameter, and where its value comes from")
        ]
    try:
        encode(mapping, "the mapping", _MAX_MAPPING_BYTES)
    except OrchestrationError as error:
        return [Problem("$.parameters", str(error))]
    problems = _expression_problems(mapping, "$.parameters")
    schema = tree.parameters or {}
    properties = schema.get("properties", {})
    required = [name for name in schema.get("required", ()) if "default" not in properties.get(name, {})]
    missing = [name for name in required if name not in mapping]
    return problems + [Problem("$.parameters", f"leaves out {name!r}, which the tree requires") for name in missing]


def _expression_problems(value: JSONValue, path: str) -> list[Problem]:
    problems = syntax_problems(value, path)
    for where, text in walk_strings(value, path):
        if has_expression(text) and "{%" not in text:  # statements may have names of their own
            unknown = {root for root, _ in names_used(text)} - {*ROOTS, *_FUNCTIONS}
            known = ", ".join(ROOTS)
            problems += [Problem(where, f"names {name}, but only {known} are there") for name in sorted(unknown)]
    return problems


def _secret_problems(scheme: str, secret: str) -> list[Problem]:
    if text_problem(secret) is not None or not MIN_CHARS <= len(secret.strip()) <= _MAX_SECRET_CHARS:
        return [Problem("$.secret", f"must have {MIN_CHARS} to {_MAX_SECRET_CHARS} characters that can be stored")]
    if scheme == Scheme.STANDARD:
        try:
            signing_key(secret)
        except SigningSecretError as error:
            return [Problem("$.secret", f"can't be used: {error}")]
    return []


def create_incoming(values: Mapping[str, Any], *, user: AbstractBaseUser, secret: str = "") -> NewIncoming:
    """Make a webhook of FIELDS, with a new address, and a new secret unless one was chosen or none is needed.

    Raises InvalidDefinitionError; nothing is stored then.
    """
    webhook = IncomingWebhook(**values)
    with transaction.atomic():
        token = _new_address(webhook)
        made = _save(webhook, secret)
        audit.record("incoming_webhook.create", webhook, user=user, detail=kept(_facts(webhook)))
    return NewIncoming(webhook, token, made)


def change_incoming(
    webhook: IncomingWebhook, values: Mapping[str, Any], *, user: AbstractBaseUser, secret: str = ""
) -> NewIncoming:
    """Change some of FIELDS, or choose another secret. A scheme that needs a secret gets one, once.

    Raises InvalidDefinitionError.
    """
    with transaction.atomic():
        now = locked_incoming(webhook)
        before = _facts(now)
        for name, value in values.items():
            setattr(now, name, value)
        # A secret of another scheme may be none for this one.
        fresh = now.scheme != before["scheme"] and not secret
        made = _save(now, secret, fresh=fresh)
        changed = changes(before, _facts(now))
        if secret or made:
            changed |= {"secret": A_NEW_ONE}
        audit.record("incoming_webhook.change", now, user=user, detail={"changed": changed})
    return NewIncoming(now, secret=made)


def delete_incoming(webhook: IncomingWebhook, *, user: AbstractBaseUser) -> None:
    """Delete a webhook with its receipts; its runs stay. Raises IncomingWebhook.DoesNotExist."""
    with transaction.atomic():
        # Requests hold it while they write their receipts: it is locked before those that go with it are looked for.
        now = locked_incoming(webhook)
        audit.record("incoming_webhook.delete", now, user=user, detail=kept(_facts(now)))
        now.delete()


def replace_address(webhook: IncomingWebhook, *, user: AbstractBaseUser) -> NewIncoming:
    """Give a webhook another address; the old one is nothing from now on."""
    with transaction.atomic():
        now = locked_incoming(webhook)
        token = _new_address(now)
        now.save(update_fields=["digest", "hint"])
        audit.record("incoming_webhook.new_address", now, user=user)
    return NewIncoming(now, token=token)


def replace_secret(webhook: IncomingWebhook, *, user: AbstractBaseUser) -> NewIncoming:
    """Give a webhook another secret; the old one is worth nothing from now on. Raises InvalidDefinitionError."""
    with transaction.atomic():
        now = locked_incoming(webhook)
        if now.scheme == Scheme.NONE:
            raise InvalidDefinitionError([Problem("$.scheme", "is none: there is no secret to replace")])
        secret = new_signing_secret()
        now.sealed_secret = seal(secret)
        now.save(update_fields=["sealed_secret"])
        audit.record("incoming_webhook.new_secret", now, user=user)
    return NewIncoming(now, secret=secret)


def locked_incoming(webhook: IncomingWebhook) -> IncomingWebhook:
    """Return a webhook as it is stored, and keep others from changing it until the transaction ends."""
    return locked(IncomingWebhook.objects.select_related("tree", "responsible"), webhook.pk)


def _new_address(webhook: IncomingWebhook) -> str:
    token = IncomingWebhook.new_token()
    webhook.digest, webhook.hint = IncomingWebhook.digest_of(token), token[:_HINT_CHARS]
    return token


def _save(webhook: IncomingWebhook, secret: str, *, fresh: bool = False) -> str | None:
    """Save a webhook that is right, and return the secret that was made for it, if one was."""
    problems = incoming_problems(webhook, secret)
    if problems:
        raise InvalidDefinitionError(problems)
    made = None
    if webhook.scheme == Scheme.NONE:
        webhook.sealed_secret = ""
    elif secret:
        webhook.sealed_secret = seal(secret)
    elif fresh or not webhook.sealed_secret:
        made = new_signing_secret()
        webhook.sealed_secret = seal(made)
    with unless_taken("$.name"):
        webhook.save()
    return made


def _facts(webhook: IncomingWebhook) -> dict[str, Any]:
    facts = {name: getattr(webhook, name) for name in FIELDS if name not in ("tree", "responsible")}
    who = webhook.responsible
    return facts | {"tree": str(webhook.tree_id), "responsible": who.get_username() if who else None}
