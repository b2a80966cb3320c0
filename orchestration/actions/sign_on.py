"""Who somebody is here whom a provider of single sign-on vouches for, and whether they come in.

A provider's word counts for the pair of its issuer and the subject, and for nothing else: names and addresses can be
chosen, given up, and taken by others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.models import Group, User
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from orchestration.engine.json_values import storable_text
from orchestration.models import OidcIdentity
from orchestration.models.definition import sees_all
from orchestration.models.roles import ROLE_PERMISSIONS

from . import audit
from .accounts import administrators_left

_NAME_CHARS: Final = 150
#: Accounts whose address is compared; more of one address are nobody's anyway.
_ALIKE: Final = 10
#: Characters that Django takes in no user name.
_NO_NAME: Final = re.compile(r"[^\w.@+-]+")


@dataclass(frozen=True, slots=True)
class SignOnPolicy:
    """Who comes in, and what they become. Empty `domains` are all domains; empty `roles_claim` leaves roles alone."""

    newcomers: bool = True
    link_by_email: bool = False
    domains: tuple[str, ...] = ()
    roles_claim: str = ""
    roles: Mapping[str, str] | None = None
    default_role: str = ""


class SignOnRefused(Exception):
    """Somebody whom the provider vouches for does not come in. `code` is for the audit trail, the text is for them."""

    def __init__(self, code: str, message: str, username: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.username = username


@dataclass(frozen=True, slots=True)
class Vouched:
    """What a provider says of somebody, checked: an issuer, a subject, and claims that may be anything."""

    issuer: str
    subject: str
    claims: Mapping[str, Any]

    def text(self, claim: str) -> str:
        """Return a claim that is a text; the empty text otherwise."""
        value = self.claims.get(claim)
        return storable_text(value, 254).strip() if isinstance(value, str) else ""

    @property
    def email(self) -> str:
        """The address that the provider says is theirs; the empty text when it has not verified it."""
        return self.text("email") if self.claims.get("email_verified") is True else ""


def admit(vouched: Vouched, policy: SignOnPolicy) -> User:
    """Return the user whom a provider vouches for: a known one, a linked one or a new one. Raises SignOnRefused."""
    _require_domain(vouched, policy)
    try:
        with transaction.atomic():
            return _admit(vouched, policy)
    except IntegrityError as error:
        # The same person came twice at the same moment; the other one was first.
        raise SignOnRefused("busy", "You are signing in somewhere else at this moment. Try again.") from error


def _admit(vouched: Vouched, policy: SignOnPolicy) -> User:
    identity = (
        OidcIdentity.objects.select_related("user").filter(issuer=vouched.issuer, subject=vouched.subject).first()
    )
    if identity is None:
        user = _linked_by_email(vouched, policy) or _newcomer(vouched, policy)
        identity = OidcIdentity.objects.create(user=user, issuer=vouched.issuer, subject=vouched.subject)
    user = identity.user
    if not user.is_active:
        raise SignOnRefused(
            "deactivated", "Your account here is deactivated. Ask an administrator of this site.", user.get_username()
        )
    OidcIdentity.objects.filter(pk=identity.pk).update(last_used_at=Now(), email=vouched.text("email"))
    _give_roles(user, vouched, policy)
    return user


def _require_domain(vouched: Vouched, policy: SignOnPolicy) -> None:
    domain = vouched.email.rpartition("@")[2].lower()
    if policy.domains and domain not in policy.domains:
        raise SignOnRefused(
            "domain",
            "Only people with a verified e-mail address of certain domains come in here. Sign in at the provider with "
            "another account, or ask an administrator of this site.",
        )


def _linked_by_email(vouched: Vouched, policy: SignOnPolicy) -> User | None:
    """Return the local account of the same verified address, where the operator wants that.

    Administrators are linked by hand alone: an address at the provider must not be worth the whole site.
    """
    if not policy.link_by_email or not vouched.email:
        return None
    # The database takes letters for each other that are not: the dotless i has `I` for upper case too.
    found = [user for user in User.objects.filter(email__iexact=vouched.email)[:_ALIKE] if _same(user, vouched)]
    if len(found) != 1 or sees_all(found[0]) or found[0].oidc_identities.filter(issuer=vouched.issuer).exists():
        return None
    audit.record("user.link", found[0], user=found[0], detail=_facts(vouched) | {"by": "e-mail"})
    return found[0]


def _same(user: User, vouched: Vouched) -> bool:
    """Tell whether two addresses are one, but for the case of plain letters."""
    ours, theirs = user.email, vouched.email
    return ours == theirs or (ours.isascii() and theirs.isascii() and ours.lower() == theirs.lower())


def _newcomer(vouched: Vouched, policy: SignOnPolicy) -> User:
    if not policy.newcomers:
        raise SignOnRefused(
            "unknown",
            "Nobody here is linked to your account at the provider. Ask an administrator of this site to link you.",
        )
    user = User(
        username=_free_name(vouched),
        email=vouched.email,
        first_name=vouched.text("given_name")[:150],
        last_name=vouched.text("family_name")[:150],
    )
    user.set_unusable_password()
    user.save()
    audit.record("user.sign_on", user, user=user, detail=_facts(vouched))
    return user


def _free_name(vouched: Vouched) -> str:
    wishes = (vouched.text("preferred_username"), vouched.text("email").partition("@")[0], vouched.subject)
    cleaned = (_NO_NAME.sub("-", wish).strip("-.")[: _NAME_CHARS - 6] for wish in wishes)
    name = next((wish for wish in cleaned if wish), "somebody")
    # A name that is taken is somebody else's, whatever its case; the newcomer gets a number.
    taken = {
        other.lower() for other in User.objects.filter(username__istartswith=name).values_list("username", flat=True)
    }
    if name.lower() not in taken:
        return name
    return next(f"{name}-{number}" for number in range(2, len(taken) + 3) if f"{name}-{number}".lower() not in taken)


def _give_roles(user: User, vouched: Vouched, policy: SignOnPolicy) -> None:
    """Make the four roles what the claim says; other groups are nobody's business but the administrators'."""
    before = set(user.groups.filter(name__in=ROLE_PERMISSIONS).values_list("name", flat=True))
    otherwise = {policy.default_role} if policy.default_role else set()
    if policy.roles_claim:
        wanted = _roles_of(vouched, policy) or otherwise
    elif user.last_login is None and not before:
        wanted = otherwise
    else:
        return
    kept_last = "admin" in before - wanted and not administrators_left(without=[user])
    if kept_last:
        wanted.add("admin")
    if wanted != before:
        user.groups.remove(*Group.objects.filter(name__in=before - wanted))
        user.groups.add(*Group.objects.filter(name__in=wanted - before))
        detail: dict[str, Any] = {"before": sorted(before), "after": sorted(wanted), "claim": policy.roles_claim}
        audit.record("user.roles", user, user=user, detail=detail | {"kept_last_administrator": kept_last})


def _roles_of(vouched: Vouched, policy: SignOnPolicy) -> set[str]:
    """Return the roles that the claim means; a dot in its name leads into an object."""
    value: Any = vouched.claims
    if policy.roles_claim in vouched.claims:
        value = vouched.claims[policy.roles_claim]
    else:
        for part in policy.roles_claim.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
    values = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    roles = policy.roles or {}
    return {roles[one] for one in values if isinstance(one, str) and one in roles}


def _facts(vouched: Vouched) -> dict[str, Any]:
    return {"issuer": vouched.issuer, "subject": vouched.subject, "email": vouched.text("email")}
