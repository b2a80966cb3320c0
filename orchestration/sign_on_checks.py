"""System checks of single sign-on: what is set and can't work together. Nothing is asked of the provider."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage

from orchestration.models.roles import ROLE_PERMISSIONS


def check_sign_on(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """E020: what is missing or misspelt; E021: roles that there are not; W020: an issuer that others can listen to."""
    if not settings.APFLOW_OIDC_ISSUER:
        set_alone = [
            name
            for name in ("APFLOW_OIDC_CLIENT_ID", "APFLOW_OIDC_CLIENT_SECRET", "APFLOW_OIDC_ONLY")
            if getattr(settings, name)
        ]
        return [
            checks.Error(
                f"{name} is set without APFLOW_OIDC_ISSUER.",
                hint="Name the provider, as in https://login.example.org, or unset it.",
                id="apflow.E020",
            )
            for name in set_alone
        ]
    return [*_problems_of_provider(), *_problems_of_roles()]


def _problems_of_provider() -> Iterator[CheckMessage]:
    issuer = urlsplit(settings.APFLOW_OIDC_ISSUER)
    if issuer.scheme not in ("https", "http") or not issuer.netloc or issuer.query or issuer.fragment:
        yield checks.Error(
            f"APFLOW_OIDC_ISSUER is {settings.APFLOW_OIDC_ISSUER!r}; it must be an address without a query.",
            hint="It is the value of “issuer” in the provider's /.well-known/openid-configuration, to the letter.",
            id="apflow.E020",
        )
    elif issuer.scheme == "http" and issuer.hostname not in ("localhost", "127.0.0.1", "::1"):
        yield checks.Warning(
            "APFLOW_OIDC_ISSUER is not encrypted: whoever is in between can sign in as anybody.",
            hint="Use an https address.",
            id="apflow.W020",
        )
    if not settings.APFLOW_OIDC_CLIENT_ID:
        yield checks.Error(
            "APFLOW_OIDC_ISSUER is set without APFLOW_OIDC_CLIENT_ID.",
            hint="The provider gives one when this site is registered there.",
            id="apflow.E020",
        )


def _problems_of_roles() -> Iterator[CheckMessage]:
    known = ", ".join(ROLE_PERMISSIONS)
    if settings.APFLOW_OIDC_DEFAULT_ROLE and settings.APFLOW_OIDC_DEFAULT_ROLE not in ROLE_PERMISSIONS:
        yield checks.Error(
            f"APFLOW_OIDC_DEFAULT_ROLE is {settings.APFLOW_OIDC_DEFAULT_ROLE!r}, which is no role.",
            hint=f"Roles are {known}.",
            id="apflow.E021",
        )
    for pair in settings.APFLOW_OIDC_ROLES:
        value, _, role = pair.rpartition("=")
        if not value.strip() or role.strip() not in ROLE_PERMISSIONS:
            yield checks.Error(
                f"APFLOW_OIDC_ROLES has {pair!r}, which is no value=role.",
                hint=f"Write the value of the claim, =, and one of {known}.",
                id="apflow.E021",
            )
    if settings.APFLOW_OIDC_ROLES and not settings.APFLOW_OIDC_ROLES_CLAIM:
        yield checks.Error(
            "APFLOW_OIDC_ROLES is set without APFLOW_OIDC_ROLES_CLAIM.",
            hint="Name the claim that holds those values, such as groups.",
            id="apflow.E021",
        )
