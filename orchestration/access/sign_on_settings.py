"""What the operator has said of single sign-on, read once for each use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.conf import settings

from orchestration.actions.sign_on import SignOnPolicy
from orchestration.models.roles import ROLE_PERMISSIONS


@dataclass(frozen=True, slots=True)
class SignOnSettings:
    """The provider, what this site is called there, and who comes in."""

    issuer: str
    client_id: str
    client_secret: str
    name: str
    scopes: tuple[str, ...]
    policy: SignOnPolicy
    only: bool


#: What stands between the value of a claim and the role that it means.
_MEANS: Final = "="


def sign_on_settings() -> SignOnSettings | None:
    """Return them; None while there is no provider."""
    if not settings.APFLOW_OIDC_ISSUER:
        return None
    policy = SignOnPolicy(
        newcomers=settings.APFLOW_OIDC_NEWCOMERS,
        link_by_email=settings.APFLOW_OIDC_LINK_BY_EMAIL,
        domains=tuple(domain.lower().removeprefix("@") for domain in settings.APFLOW_OIDC_DOMAINS),
        roles_claim=settings.APFLOW_OIDC_ROLES_CLAIM,
        roles=roles_by_value(settings.APFLOW_OIDC_ROLES),
        default_role=settings.APFLOW_OIDC_DEFAULT_ROLE,
    )
    return SignOnSettings(
        settings.APFLOW_OIDC_ISSUER,
        settings.APFLOW_OIDC_CLIENT_ID,
        settings.APFLOW_OIDC_CLIENT_SECRET,
        settings.APFLOW_OIDC_NAME,
        tuple(dict.fromkeys(("openid", *settings.APFLOW_OIDC_SCOPES))),
        policy,
        settings.APFLOW_OIDC_ONLY,
    )


def roles_by_value(pairs: list[str]) -> dict[str, str]:
    """Return the role of each value of the claim; without pairs, each role is meant by its own name."""
    if not pairs:
        return {role: role for role in ROLE_PERMISSIONS}
    split = (pair.rpartition(_MEANS) for pair in pairs)
    return {value.strip(): role.strip() for value, _, role in split}


def passwords_are_for_superusers() -> bool:
    """Tell whether everybody else has to come by the provider."""
    return bool(settings.APFLOW_OIDC_ISSUER) and bool(settings.APFLOW_OIDC_ONLY)
