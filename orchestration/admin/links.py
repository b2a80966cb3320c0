"""Addresses in the admin, for those who may open them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString


def list_url(request: HttpRequest, model: type[Model], **narrowed: Any) -> str | None:
    """Return the address of a model's list, narrowed by its query; None for those who may not look at it."""
    model_admin = admin.site._registry.get(model)
    if model_admin is None or not model_admin.has_view_or_change_permission(request):
        return None
    query = f"?{urlencode(narrowed)}" if narrowed else ""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist") + query


def row_url(model: type[Model], pk: Any) -> str:
    """Return the address of a row's page."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[pk])


def link(url: str | None, words: object) -> SafeString:
    """Return a link, or the words alone where there is no address."""
    return format_html('<a href="{}">{}</a>', url, words) if url else format_html("{}", words)
