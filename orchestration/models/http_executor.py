"""Executors that people make in the admin: a request, written down, and what its answer comes to."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from orchestration.engine.definition import MAX_NAME_CHARS
from orchestration.executors.support.http_definition import BODY_KINDS, MAX_TIMEOUT, METHODS, HttpDefinition

from .ordered_json import OrderedJSONField

#: Fields of the definition, besides its id and version.
DEFINED: Final = (
    *("name", "description", "method", "url", "query", "headers", "body_kind", "body", "input_schema", "result"),
    *("success", "timeout_seconds", "idempotent", "examples"),
)


class HttpExecutor(models.Model):
    """An HTTP executor. Every save is a new `version`; attempts that have begun keep the one they began with."""

    class Method(models.TextChoices):
        GET = "GET", "GET"
        HEAD = "HEAD", "HEAD"
        POST = "POST", "POST"
        PUT = "PUT", "PUT"
        PATCH = "PATCH", "PATCH"
        DELETE = "DELETE", "DELETE"

    class BodyKind(models.TextChoices):
        NONE = "none", "nothing"
        JSON = "json", "JSON"
        FORM = "form", "fields of a form"
        TEXT = "text", "text"

    executor = models.CharField("id", max_length=MAX_NAME_CHARS, unique=True)
    name = models.CharField(max_length=MAX_NAME_CHARS, blank=True)
    description = models.TextField(blank=True)
    enabled = models.BooleanField(default=True)
    method = models.CharField(max_length=10, choices=Method.choices, default=Method.GET)
    url = models.TextField("URL")
    query = OrderedJSONField(default=dict, blank=True)
    headers = OrderedJSONField(default=dict, blank=True)
    body_kind = models.CharField("kind of body", max_length=10, choices=BodyKind.choices, default=BodyKind.NONE)
    body = OrderedJSONField(null=True, blank=True)
    input_schema = OrderedJSONField(default=dict, blank=True)
    result = OrderedJSONField(null=True, blank=True)
    success = models.CharField("success is", max_length=200, default="2xx")
    timeout_seconds = models.FloatField(default=30.0)
    idempotent = models.BooleanField(null=True, blank=True)
    examples = OrderedJSONField(default=list, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )
    updated_at = models.DateTimeField("changed", auto_now=True)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        verbose_name = "HTTP executor"
        ordering = ("executor",)
        constraints = (
            models.CheckConstraint(condition=~Q(executor=""), name="httpexecutor_named"),
            models.CheckConstraint(condition=Q(method__in=METHODS), name="httpexecutor_method"),
            models.CheckConstraint(condition=Q(body_kind__in=BODY_KINDS), name="httpexecutor_body_kind"),
            models.CheckConstraint(
                condition=Q(timeout_seconds__gt=0, timeout_seconds__lte=MAX_TIMEOUT), name="httpexecutor_timeout"
            ),
            models.CheckConstraint(condition=Q(version__gte=1), name="httpexecutor_version"),
        )

    def __str__(self) -> str:
        return self.executor

    def get_absolute_url(self) -> str:
        """Return the path of its page in the catalogue: what it did lately, its limits, a trial."""
        return reverse("admin:executor", args=[self.executor])

    @property
    def definition(self) -> HttpDefinition:
        """What is run."""
        defined = {name: getattr(self, name) for name in DEFINED}
        return HttpDefinition(id=self.executor, version=self.version, **defined)
