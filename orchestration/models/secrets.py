"""Secrets: encrypted values that tasks name, whom they are granted to, and who has used them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.db.models.functions import Now

from .definition import Tree
from .webhooks import OutgoingWebhook

#: What can stand behind `secrets.` in an expression.
_NAME: Final = r"[A-Za-z_][A-Za-z0-9_]*"


class SecretQuerySet(models.QuerySet["Secret"]):
    """Secrets by who may use them."""

    def granted(self, executor: str, tree_id: str | None) -> Self:
        """Secrets that a task of this executor, in this tree, may use."""
        granted = Q(for_all=True) | Q(executors__contains=[executor])
        if tree_id is not None:
            granted |= Q(Exists(Tree.objects.filter(pk=tree_id, secrets=OuterRef("pk"))))
        return self.filter(granted)

    def with_last_use(self) -> Self:
        """Bring along as `used_at` when somebody was given each of them last; NULL: nobody was."""
        last = SecretUse.objects.filter(secret=OuterRef("pk")).order_by("-id").values("at")[:1]
        return self.annotate(used_at=Subquery(last))

    def granted_to(self, webhook: OutgoingWebhook) -> Self:
        """Secrets that the headers of a webhook may use."""
        return self.filter(webhooks=webhook)


class Secret(models.Model):
    """A value that nobody can read again. `ciphertext` is written and read by `orchestration.store.vault` alone."""

    name = models.CharField(
        max_length=100,
        unique=True,
        validators=[RegexValidator(rf"\A{_NAME}\Z", "Letters, digits and underscores, with no digit first.")],
        help_text="Tasks name it as {{ secrets.NAME }}.",
    )
    description = models.TextField(blank=True, help_text="What it opens, and where a new one is had.")
    ciphertext = models.TextField(editable=False)
    for_all = models.BooleanField("every task", default=False, help_text="Every task of every tree may use it.")
    executors = ArrayField(
        models.CharField(max_length=255), default=list, blank=True, help_text="Tasks of these executors may use it."
    )
    trees = models.ManyToManyField(
        Tree, blank=True, related_name="secrets", help_text="All tasks of these trees may use it."
    )
    webhooks = models.ManyToManyField(
        OutgoingWebhook, blank=True, related_name="secrets", help_text="The headers of these webhooks may use it."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField("value set", editable=False)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )

    objects = SecretQuerySet.as_manager()

    class Meta:
        ordering = ("name",)
        constraints = (
            models.CheckConstraint(condition=Q(name__regex=rf"^{_NAME}$"), name="secret_named"),
            models.CheckConstraint(condition=~Q(ciphertext=""), name="secret_sealed"),
        )

    def __str__(self) -> str:
        return self.name


class SecretUseQuerySet(models.QuerySet["SecretUse"]):
    """Uses of secrets."""

    def record(self, secrets: Iterable[Secret], *, run: str, task_uid: str, executor: str) -> None:
        """Write down that an attempt was given these secrets."""
        same = {"run": run, "task_uid": task_uid, "executor": executor}
        self.bulk_create(SecretUse(secret=secret, name=secret.name, **same) for secret in secrets)

    def record_delivery(self, secrets: Iterable[Secret], webhook: OutgoingWebhook) -> None:
        """Write down that a delivery to a webhook was given these secrets."""
        self.bulk_create(SecretUse(secret=secret, name=secret.name, webhook=webhook.name) for secret in secrets)


class SecretUse(models.Model):
    """Who was given a secret: an attempt, or a delivery to a webhook.

    It outlives the secret, and its run; `prune` deletes it by its own age.
    """

    secret = models.ForeignKey(Secret, null=True, on_delete=models.SET_NULL, related_name="uses")
    name = models.CharField(max_length=100)
    run = models.UUIDField(null=True)
    task_uid = models.CharField("task", max_length=255, blank=True)
    executor = models.CharField(max_length=255, blank=True)
    webhook = models.CharField(max_length=255, blank=True)
    at = models.DateTimeField(db_default=Now(), editable=False)

    objects = SecretUseQuerySet.as_manager()

    class Meta:
        verbose_name = "use of a secret"
        verbose_name_plural = "uses of secrets"
        ordering = ("-id",)
        indexes = (
            models.Index(fields=["name", "-id"], name="secretuse_of_name"),
            models.Index(fields=["at"], name="secretuse_at"),
        )

    def __str__(self) -> str:
        return f"{self.name} by {self.task_uid or self.webhook}"
