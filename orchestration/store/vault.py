"""The vault: encrypts secrets, and opens them for attempts that were granted them.

A value is sealed with Fernet (AES-128-CBC and HMAC-SHA256). Its key is derived (HKDF-SHA256) from `APFLOW_SECRETS_KEY`,
or from the site's secret key where that is not set. `APFLOW_SECRETS_OLD_KEYS` still open what they have sealed, and so
does the site's key.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Model

from orchestration.engine.secret_source import SecretsAwayError, SecretUnreadableError, SecretWish
from orchestration.models import IncomingWebhook, OutgoingWebhook, Secret, SecretUse

_PURPOSE: Final = b"apflow: values of secrets"


def seal(value: str) -> str:
    """Return a value encrypted with the present key."""
    return _fernets(_keys()).encrypt(value.encode()).decode()


def unseal(secret: Secret) -> str:
    """Return the value of a secret. Raises SecretUnreadableError when none of the keys has sealed it."""
    return open_sealed(secret.ciphertext, f"The secret {secret.name!r}")


def open_sealed(ciphertext: str, what: str) -> str:
    """Return what was sealed. Raises SecretUnreadableError, whose sentence begins with `what`, when no key opens it."""
    try:
        return _fernets(_keys()).decrypt(ciphertext).decode()
    except InvalidToken as error:
        raise SecretUnreadableError(
            f"{what} was sealed with another key: set APFLOW_SECRETS_OLD_KEYS to that key, or give it a new value"
        ) from error


def read_secrets(wish: SecretWish) -> Mapping[str, str]:
    """Return the values that an attempt was granted of those it names, and write down that it got them.

    Raises SecretUnreadableError, and SecretsAwayError while the database is away.
    """
    try:
        with transaction.atomic():
            found = list(Secret.objects.granted(wish.executor, wish.tree_id).filter(name__in=wish.names))
            values = {secret.name: unseal(secret) for secret in found}
            SecretUse.objects.record(found, run=wish.run_id, task_uid=wish.task_id, executor=wish.executor)
    except (OperationalError, InterfaceError) as error:
        kind = type(error).__name__
        raise SecretsAwayError(f"The secrets can't be read: the database does not answer ({kind})") from error
    return values


#: What is sealed of each model, and how its rows are spoken of.
_SEALED: Final[tuple[tuple[type[Model], tuple[str, ...], str], ...]] = (
    (Secret, ("ciphertext",), "The secret"),
    (OutgoingWebhook, ("sealed_secret", "sealed_old_secret"), "The secret of the webhook"),
    (IncomingWebhook, ("sealed_secret",), "The secret of the webhook"),
)


def rotate() -> int:
    """Seal every secret, those of webhooks too, with the present key; returns how many.

    All or none: raises SecretUnreadableError.
    """
    count = 0
    with transaction.atomic():
        for model, fields, kind in _SEALED:
            for row in model._default_manager.select_for_update():
                sealed = {name: getattr(row, name) for name in fields if getattr(row, name)}
                for name, text in sealed.items():
                    setattr(row, name, seal(open_sealed(text, f"{kind} {str(row)!r}")))
                row.save(update_fields=list(sealed))
                count += len(sealed)
    return count


def unreadable_secrets() -> list[str]:
    """Return the names of secrets, and of webhooks with secrets, that none of the keys opens."""
    names = []
    for model, fields, kind in _SEALED:
        for row in model._default_manager.order_by("name"):
            try:
                for text in filter(None, (getattr(row, name) for name in fields)):
                    open_sealed(text, kind)
            except SecretUnreadableError:
                names.append(str(row))
    return names


def _keys() -> tuple[str, ...]:
    own = (settings.APFLOW_SECRETS_KEY,) if settings.APFLOW_SECRETS_KEY else ()
    return (*own, *settings.APFLOW_SECRETS_OLD_KEYS, str(settings.SECRET_KEY))


@lru_cache(maxsize=4)
def _fernets(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet(_fernet(key) for key in keys)


def _fernet(key: str) -> Fernet:
    derived = HKDF(SHA256(), length=32, salt=None, info=_PURPOSE).derive(key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
