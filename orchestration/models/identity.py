"""Who acts: sessions of people, tokens of programs, names at a provider, and the record of every write."""

from __future__ import annotations

import hashlib
import secrets
from typing import Final, Self

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from .roles import SCOPE_PERMISSIONS

_PREFIX: Final = "apf_"


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    """Tokens by state. The database's clock decides what has expired."""

    def usable(self) -> Self:
        """Tokens that open the door: not revoked, not expired, of a user who is active."""
        lasting = Q(expires_at__isnull=True) | Q(expires_at__gt=Now())
        return self.filter(lasting, revoked_at__isnull=True, user__is_active=True)


class ApiToken(models.Model):
    """A program's key. Only its SHA-256 digest is stored: the token has 256 random bits, so no salt is needed."""

    class Scope(models.TextChoices):
        READ = "read", "read: look at everything its owner sees"
        RUN = "run", "run: also start and steer runs"
        EDIT = "edit", "edit: also change trees"
        ADMIN = "admin", "admin: everything its owner may"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100)
    hint = models.CharField(max_length=12, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scope = models.CharField(max_length=10, choices=Scope.choices, default=Scope.READ)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = "API token"
        ordering = ("-created_at", "-id")
        constraints = (
            models.CheckConstraint(condition=~Q(name=""), name="api_token_named"),
            models.CheckConstraint(condition=Q(scope__in=sorted(SCOPE_PERMISSIONS)), name="api_token_scope"),
        )

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"

    @staticmethod
    def new_secret() -> str:
        """Return a new token's text; nobody can read it again."""
        return _PREFIX + secrets.token_urlsafe(32)

    @staticmethod
    def digest_of(secret: str) -> str:
        """Return what is stored of a token."""
        return hashlib.sha256(secret.encode()).hexdigest()


class SignedInQuerySet(models.QuerySet["SignedIn"]):
    """Sign-ins by state. The database's clock decides what has ended."""

    def open(self) -> Self:
        """Sign-ins that still open the door: not over, of a user who is active."""
        return self.filter(session__expire_date__gt=Now(), user__is_active=True)


class SignedIn(models.Model):
    """Who is signed in where: what Django's table of sessions does not say of a session. It goes when that goes."""

    session = models.OneToOneField(Session, on_delete=models.CASCADE, related_name="signed_in", editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sign_ins")
    address = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=300, blank=True)
    signed_in_at = models.DateTimeField(db_default=Now())
    last_seen_at = models.DateTimeField(db_default=Now())

    objects = SignedInQuerySet.as_manager()

    class Meta:
        verbose_name = "session"
        ordering = ("-last_seen_at", "-id")
        indexes = (models.Index(fields=["-last_seen_at", "-id"], name="signed_in_by_last_seen"),)

    def __str__(self) -> str:
        # Never the session's key: who has it is signed in.
        return f"session {self.pk} of {self.user.get_username()}"


class OidcIdentity(models.Model):
    """Whom a provider of single sign-on means by a subject: it never gives one to somebody else."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="oidc_identities")
    issuer = models.CharField(max_length=255, help_text="The provider, as APFLOW_OIDC_ISSUER names it")
    subject = models.CharField(max_length=255, help_text="Its name for this person: the claim “sub”")
    email = models.CharField(max_length=254, blank=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = "single sign-on identity"
        verbose_name_plural = "single sign-on identities"
        ordering = ("user", "issuer", "subject")
        constraints = (models.UniqueConstraint(fields=["issuer", "subject"], name="oidc_identity_unique"),)

    def __str__(self) -> str:
        return f"{self.subject} at {self.issuer}"


class AuditEntry(models.Model):
    """One write, or one sign-in: who, from where, what, why. Nothing changes one, and only `prune` deletes any."""

    class Via(models.TextChoices):
        PAGE = "page", "page"
        API = "api", "API"
        ADMIN = "admin", "admin"
        COMMAND = "command", "command or worker"
        WEBHOOK = "webhook", "incoming webhook"

    at = models.DateTimeField(db_default=Now(), editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    username = models.CharField(max_length=150, blank=True)
    via = models.CharField(max_length=10, choices=Via.choices)
    token = models.CharField(max_length=120, blank=True)
    address = models.GenericIPAddressField(null=True)
    act = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=40, blank=True)
    subject_id = models.CharField(max_length=64, blank=True)
    subject = models.CharField(max_length=255, blank=True)
    reason = models.TextField(blank=True)
    detail = models.JSONField(default=dict)

    class Meta:
        verbose_name_plural = "audit entries"
        ordering = ("-id",)
        indexes = (
            models.Index(fields=["subject_type", "subject_id", "-id"], name="audit_of_subject"),
            models.Index(fields=["username", "-id"], name="audit_of_username"),
            models.Index(fields=["at"], name="audit_at"),
            models.Index(fields=["act", "-id"], name="audit_of_act"),
        )

    def __str__(self) -> str:
        return f"{self.username or 'nobody'}: {self.act} {self.subject}"
